"""`selfheal testgen`: first tests beside rule sets that have none, from what makes their rules fire."""

import argparse
from pathlib import Path

from selfheal_rules.check import load_rules
from selfheal_rules.cli.arguments import Commands, add_paths, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import RULES, rule_files
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import number
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.testing.testgen import Drafted, drafted


def register(commands: Commands) -> None:
    """Add the command."""
    add_paths(subcommand(commands, "testgen", "write first tests beside rule sets that have none", testgen))


def testgen(arguments: argparse.Namespace) -> int:
    """
    Write a file of tests for each rule set; nothing is written unless all can be.

    Raises:
        Refused: where there are tests already, or rules cannot be used.
    """
    screen = Screen()
    made = {_place(file): _drafted(file) for file in rule_files(arguments.paths)}
    for place, found in made.items():
        _write(place, found)
        screen.out(f"{place}: {number(found.cases, 'case')}, to be read by a person")
        for rule, lack in found.lacking:
            screen.out(f"    no witness is known of `{rule}`: {lack} is left to you")
    return Code.FINDINGS if any(found.lacking for found in made.values()) else Code.OK


def _place(file: Path) -> Path:
    """
    Give where the tests of a file of rules stand.

    Raises:
        Refused: where there is something.
    """
    place = file.with_name("tests.yaml" if file.name == RULES else f"{file.stem}.selfheal-test.yaml")
    if place.exists():
        message = f"`{place}` is there already, and nothing is overwritten"
        raise Refused(message, Code.USAGE)
    return place


def _drafted(file: Path) -> Drafted:
    try:
        ruleset = load_rules(file)
        compile_rules(ruleset)
    except RuleSetError as error:
        message = f"the rules cannot be tested\n\n{error}"
        raise Refused(message) from None
    found = drafted(ruleset, file.name, file.parent)
    if not found.cases:
        message = f"`{file}`: no witness is known of any rule, so its tests are left to you"
        raise Refused(message, Code.FINDINGS)
    return found


def _write(place: Path, found: Drafted) -> None:
    try:
        with place.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(found.text)
    except OSError as error:
        message = f"`{place}` cannot be written: {error.strerror}"
        raise Refused(message) from None
