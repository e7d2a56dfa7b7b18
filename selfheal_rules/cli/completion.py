"""`selfheal completion`: what a shell needs to complete the command's words."""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from selfheal_rules.cli.arguments import Commands, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.screen import Screen

SHELLS = ("bash", "zsh", "fish")
_FILES = {"FILE", "FILE|-", "PATH", "JOURNAL", "NAME|FILE"}
"""What arguments that may be files are called."""


def register(commands: Commands, whole: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the command; `whole` makes the parser whose words are completed."""
    parser = subcommand(commands, "completion", "print what a shell needs to complete these commands", complete)
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(whole=whole)


def complete(arguments: argparse.Namespace) -> int:
    """Print the script, to be read by the shell when it starts."""
    try:
        import shtab  # noqa: PLC0415 - an extra
    except ImportError:
        message = "completion is made with shtab; install `selfheal-rules[cli]`"
        raise Refused(message) from None
    parser = arguments.whole()
    for action in _actions(parser):
        if str(action.metavar) in _FILES:
            action.complete = shtab.FILE
    Screen().out(shtab.complete(parser, arguments.shell))
    return Code.OK


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """Give every argument of a command and of those below it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way in, and shtab goes the same
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for inner in dict.fromkeys(action.choices.values()):
                yield from _actions(inner)
