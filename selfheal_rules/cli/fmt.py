"""`selfheal fmt`: rule sets in their canonical layout, written in place of what they were."""

import argparse
import difflib
import os
import tempfile
from pathlib import Path

from selfheal_rules.cli.arguments import Commands, subcommand
from selfheal_rules.cli.ending import Code, Refused, reason
from selfheal_rules.cli.inputs import STANDARD, read_whole
from selfheal_rules.cli.loading import rule_files
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.layout import LayoutError, canonical


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "fmt", "write rule sets in their canonical layout", fmt)
    about = "a file of rules, a folder with a rules.yaml, or a folder of such folders; - is standard input, and output"
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help=about)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a layout is another")
    parser.add_argument("--diff", action="store_true", help="write nothing but what would change")


def fmt(arguments: argparse.Namespace) -> int:
    """Write every file in its canonical layout, but those that have errors; what one is refused for stops no other."""
    screen, code, changed = Screen(), Code.OK, 0
    for file in rule_files(arguments.paths):
        try:
            before, after = _laid_out(file)
        except (LayoutError, Refused) as refused:
            screen.err(f"selfheal: `{file}` is left as it is\n\n{refused}")
            code = Code.CANNOT_LOAD
            continue
        if file == STANDARD and not (arguments.check or arguments.diff):
            screen.out(after.removesuffix("\n"))
        elif before != after:
            changed += 1
            _tell(arguments, file, (before, after), screen)
    if code is Code.OK and changed and (arguments.check or arguments.diff):
        return Code.FINDINGS
    return code


def _laid_out(file: Path) -> tuple[str, str]:
    """Give the text of a file as it is, and as it should be."""
    source = read_whole(file)
    try:
        return source.text, canonical(source, folder=file.parent)
    except ImportError:
        message = "the layout is made with ruamel.yaml; install `selfheal-rules[cli]`"
        raise Refused(message) from None


def _tell(arguments: argparse.Namespace, file: Path, texts: tuple[str, str], screen: Screen) -> None:
    before, after = texts
    if arguments.diff:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(file), str(file), lineterm="")
        for line in lines:
            screen.out(screen.paint(clean(line), {"+": "green", "-": "red"}.get(line[:1], "dim")))
    elif arguments.check:
        screen.out(f"{file} would be written anew")
    else:
        replace(file, after)
        screen.out(f"{file} was written anew")


def replace(file: Path, text: str) -> None:
    """
    Let a text take the place of a file at once, or not at all; its mode stays, and a link goes on pointing at it.

    Raises:
        Refused: where it cannot be written.
    """
    target = file.resolve()
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        message = f"`{file}` cannot be written: {reason(error)}"
        raise Refused(message) from None
