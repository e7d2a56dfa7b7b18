"""What arguments of more than one command look like, and how their texts are read."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from selfheal_rules.vocabulary import parse_duration, parse_time

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no other name
Command: TypeAlias = Callable[[argparse.Namespace], int]


def subcommand(commands: Commands, name: str, about: str, command: Command) -> argparse.ArgumentParser:
    """Add a command under its name, to be run by `command`."""
    parser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
    parser.set_defaults(command=command)
    return parser


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Let a command take rule sets."""
    about = "a file of rules, a folder with a rules.yaml, or a folder of such folders; - is standard input"
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help=about)


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Let a command take a journal."""
    parser.add_argument("journal", metavar="JOURNAL", help="the file of a journal, or the URL of its database")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Let a command write for people or for machines."""
    about = "text for people (the default), or JSON, one object a line"
    parser.add_argument("--format", choices=("text", "json"), default="text", help=about)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command write its result to a file."""
    parser.add_argument("--output", metavar="FILE", type=Path, help="where to write (default: standard output)")


def add_mapping(parser: argparse.ArgumentParser) -> None:
    """Let a command read payloads of a user's own sources."""
    about = "a mapping for payloads of a source of your own; may be given more than once"
    parser.add_argument("--mapping", metavar="FILE", action="append", default=[], type=Path, help=about)


def add_params(parser: argparse.ArgumentParser) -> None:
    """Let a command set parameters of rule sets."""
    about = "set a parameter of the rule sets; may be given more than once"
    parser.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], type=parameter, help=about)


def add_max_age(parser: argparse.ArgumentParser) -> None:
    """Let a command say how late an event may come."""
    about = "how late an event may come and still count (default: 10m)"
    parser.add_argument("--max-age", metavar="DURATION", type=duration, default=timedelta(minutes=10), help=about)


def add_policy(parser: argparse.ArgumentParser, about: str) -> None:
    """Let a command take the policy of a site."""
    parser.add_argument("--policy", metavar="FILE", type=Path, help=about)


def duration(text: str) -> timedelta:
    """Read a duration such as `10m`, longer than nothing, as rules have it."""
    try:
        read = parse_duration(text)
    except OverflowError:
        message = f"`{text}` is longer than any time that can be reckoned with"
        raise argparse.ArgumentTypeError(message) from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not read:
        message = f"`{text}` is no time at all"
        raise argparse.ArgumentTypeError(message)
    return read


def instant(text: str) -> datetime:
    """Read a time with its zone, such as `2026-11-22T16:30:00Z`."""
    try:
        return parse_time(text).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"`{text}` is not a time with its zone, such as `2026-11-22T16:30:00Z`"
        raise argparse.ArgumentTypeError(message) from None


def parameter(text: str) -> tuple[str, str]:
    """Read `name=value`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        message = f"`{text}` is not of the form `name=value`"
        raise argparse.ArgumentTypeError(message)
    return name, value
