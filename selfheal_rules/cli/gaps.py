"""`selfheal gaps`: what nobody handles, what can never be seen or done, and what went unhandled."""

import argparse
import json
from pathlib import Path

from selfheal_rules.check.cloud import check_cloud
from selfheal_rules.cli.arguments import Commands, add_mapping, add_output, add_params, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.inputs import read_whole
from selfheal_rules.cli.inventories import add_inventory, recorded_items
from selfheal_rules.cli.loading import load_mappings, load_program
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cloud import Cloud
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import ExecutorError, Report
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.survey.gap import Gaps
from selfheal_rules.survey.gaps import find_gaps
from selfheal_rules.survey.page import survey_page
from selfheal_rules.survey.record import Record
from selfheal_rules.survey.sections import of_gaps
from selfheal_rules.survey.shipped import faults, healers
from selfheal_rules.survey.text import gaps_text
from selfheal_rules.vocabulary import Vocabulary

FORMATS = ("text", "json", "html")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "gaps", "say what no rule handles, and which rules and actions cannot work", gaps)
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="rule sets, as `check` takes them")
    add_cloud(parser)
    about = "describe a running cloud, by its name in clouds.yaml, instead: nothing is changed in it"
    parser.add_argument("--probe", metavar="CLOUD", help=about)
    add_inventory(parser, "which failures the rules decide nothing about in")
    add_mapping(parser)
    add_params(parser)
    add_survey(parser)


def add_cloud(parser: argparse.ArgumentParser) -> None:
    """Let a command take the description of a cloud."""
    about = "what a cloud has: its services, what is switched on in it, who else heals"
    parser.add_argument("--cloud", metavar="FILE", type=Path, help=about)


def add_survey(parser: argparse.ArgumentParser) -> None:
    """Let a command write a survey in several forms."""
    about = "text for people (the default), JSON, one object a line, or one HTML page"
    parser.add_argument("--format", choices=FORMATS, default="text", help=about)
    add_output(parser)
    parser.add_argument("--strict", action="store_true", help="let what may be meant so count as findings, too")


def gaps(arguments: argparse.Namespace) -> int:
    """Find all gaps, and write them; or describe the cloud they are to be held against."""
    if bool(arguments.paths) == (arguments.probe is not None):
        message = "name rule sets, or a cloud with `--probe`: one of the two"
        raise Refused(message, Code.USAGE)
    if arguments.probe is not None:
        Screen().result(_described(arguments.probe), arguments.output)
        return Code.OK
    program, _ = load_program(arguments.paths, dict(arguments.param))
    vocabulary = faults().vocabulary | program.vocabulary
    mappings = load_mappings(arguments.mapping)
    screen = Screen()
    cloud = load_cloud(arguments.cloud, vocabulary, screen) if arguments.cloud else None
    problems = Problems(screen)
    record = _record(arguments, program, screen, problems) if arguments.inventory or arguments.journal else None
    found = find_gaps(program.rulesets, vocabulary, cloud, record, _mapped(mappings))
    screen.result(_written(found, arguments.format), arguments.output)
    is_found = bool(found.findings or problems.malformed or (arguments.strict and found.gaps))
    return Code.FINDINGS if is_found else Code.OK


def _described(name: str) -> str:
    """
    Describe a running cloud.

    Raises:
        Refused: where it cannot be asked, or the extra that asks is not there.
    """
    try:
        from selfheal_rules.execute.openstack.description import describe  # noqa: PLC0415 - an extra
        from selfheal_rules.serve.cloud import api  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"a cloud is described by the extra `openstack` ({error}): pip install 'selfheal-rules[openstack]'"
        raise Refused(message) from None
    try:
        return describe(api(name), name)
    except ExecutorError as error:
        message = f"cloud `{name}` cannot be described: {error}"
        raise Refused(message) from None


def _mapped(mappings: tuple[PayloadMapping, ...]) -> frozenset[str]:
    return frozenset(item.kind for mapping in mappings for item in mapping.items)


def _record(arguments: argparse.Namespace, program: Program, screen: Screen, problems: Problems) -> Record:
    record = Record(program)
    for item in recorded_items(arguments, faults().vocabulary | program.vocabulary, screen, problems):
        record.note(item)
        screen.progress(record.looked_at)
    screen.done()
    record.close()
    return record


def _written(found: Gaps, form: str) -> str:
    if form == "json":
        objects = [one.to_json() for one in found.gaps] + [one.to_json() for one in found.answered]
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    if form == "html":
        return survey_page("selfheal gaps", gaps_text(found).partition("\n")[0], of_gaps(found))
    return gaps_text(found) + "\n"


def load_cloud(file: Path, vocabulary: Vocabulary, screen: Screen) -> Cloud:
    """
    Load the description of a cloud; what is warned of is said.

    Raises:
        Refused: with all that is wrong with it.
    """
    cloud, report = parse_cloud(read_whole(file))
    report += check_cloud(cloud, vocabulary, healers()) if cloud else Report(())
    if cloud is None or report.errors:
        raise Refused("the description of the cloud cannot be used\n\n" + report.render())
    if report.findings:
        screen.err(report.render())
    return cloud
