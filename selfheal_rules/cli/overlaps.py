"""`selfheal overlaps`: who acts on one target because of one item, and who should yield."""

import argparse
import json
from collections.abc import Callable

from selfheal_rules.cli.arguments import Commands, add_params, add_paths, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.gaps import add_cloud, add_survey, load_cloud
from selfheal_rules.cli.loading import load_program
from selfheal_rules.cli.screen import Screen
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.survey.overlap import Overlaps
from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.page import survey_page
from selfheal_rules.survey.sections import NOT_ALL, of_overlaps
from selfheal_rules.survey.shipped import faults
from selfheal_rules.survey.text import overlaps_text


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "overlaps", "say who acts on one target because of one item", overlaps)
    add_paths(parser)
    add_cloud(parser)
    add_params(parser)
    add_survey(parser)


def overlaps(arguments: argparse.Namespace) -> int:
    """Find all overlaps, and write them."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    screen = Screen()
    cloud = load_cloud(arguments.cloud, faults().vocabulary | program.vocabulary, screen) if arguments.cloud else None
    try:
        found = find_overlaps(program.rulesets, cloud, _told(screen))
    except RuleSetError as error:
        message = "the rule sets cannot be held against other healers\n\n" + error.report.render()
        raise Refused(message) from None
    screen.done()
    screen.result(_written(found, arguments.format), arguments.output)
    return Code.FINDINGS if found.findings or (arguments.strict and found.overlaps) else Code.OK


def _told(screen: Screen) -> Callable[[int, int], None]:
    return lambda number, of: screen.progress(number, number / of, "pairs of rules", every=1)


def _written(found: Overlaps, form: str) -> str:
    if form == "json":
        objects = [one.to_json() for one in found.overlaps] + [one.to_json() for one in found.unsolved]
        objects += [one.to_json() for one in found.healers]
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    if form == "html":
        head = overlaps_text(found).partition("\n")[0]
        return survey_page("selfheal overlaps", f"{head}. {NOT_ALL}", of_overlaps(found))
    return overlaps_text(found) + "\n"
