"""The command itself: which arguments there are, and how every ending becomes an exit code."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from selfheal_rules.cli import (
    check,
    completion,
    control,
    diff,
    events,
    explain,
    fmt,
    gaps,
    graph,
    journal,
    overlaps,
    pending,
    plan,
    replay,
    report,
    run,
    schema,
    serve,
    test,
    testgen,
)
from selfheal_rules.cli.ending import Code, Refused, reason
from selfheal_rules.cli.screen import clean
from selfheal_rules.cli.versions import installed

COMMANDS = (
    check, fmt, test, testgen, plan, graph, gaps, overlaps, run, serve, explain, replay, diff, report, events, journal,
    pending, control, schema,
)  # fmt: skip
ENDINGS = "exit codes: 0 ok, 1 findings, failed tests, malformed input or a broken journal, 2 usage, 3 cannot load"


class _Version(argparse.Action):
    """Prints the version; it is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:  # noqa: ANN401 - argparse's own
        """Print and end."""
        print(f"selfheal {installed()}")
        parser.exit(Code.OK)


def _parser() -> argparse.ArgumentParser:
    about = "Rules for clouds that heal themselves: check them, and run them over what a cloud says about itself."
    parser = argparse.ArgumentParser("selfheal", description=about, epilog=ENDINGS, allow_abbrev=False)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    completion.register(commands, _parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; whatever the user did, there is no traceback."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    _take_any_text(sys.stdout)
    _take_any_text(sys.stderr)
    return _ended(arguments.command, arguments)


def _ended(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        code = command(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except Refused as refused:
        return _told(str(refused), refused.code)
    except KeyboardInterrupt:
        return _told("interrupted", Code.INTERRUPTED)
    except BrokenPipeError:  # whoever reads has read enough
        _abandon_output()
        return Code.OK
    except OSError as error:
        _abandon_output()
        return _told(f"the output cannot be written: {reason(error)}", Code.CANNOT_LOAD)
    return code


def _told(message: str, code: Code) -> int:
    with suppress(OSError):
        print(f"selfheal: {clean(message)}", file=sys.stderr)
    return code


def _take_any_text(stream: object) -> None:
    """Have a stream write what its encoding lacks as escapes: payloads hold any character."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not stumble over it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
