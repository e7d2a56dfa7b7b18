"""`selfheal check`: everything that is wrong with rule sets, each finding at its line with its cure."""

import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from selfheal_rules.check import check_together
from selfheal_rules.check.ignores import INVENTORY, POLICY, settled
from selfheal_rules.check.inventory import check_inventory
from selfheal_rules.check.opposed import undecided
from selfheal_rules.check.policy import check_calendars, check_policy
from selfheal_rules.cli.arguments import Commands, add_mapping, add_paths, add_policy, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.forms import FORMS
from selfheal_rules.cli.inputs import read_whole
from selfheal_rules.cli.inventories import add_inventory, look
from selfheal_rules.cli.loading import Loaded, load, rule_files
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import Report
from selfheal_rules.model import RuleSet
from selfheal_rules.parse.policy import parse_policy

_HEAD = re.compile(r"^(\S.*?: )((error|warning)\[SH\d+\])", re.MULTILINE)


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "check", "say everything that is wrong with rule sets", check)
    add_paths(parser)
    about = "text for people (the default), JSON lines, SARIF 2.1.0, or commands of a GitHub workflow"
    parser.add_argument("--format", choices=("text", *FORMS), default="text", help=about)
    add_policy(parser, "say where the rule sets and the policy of a site meet, too")
    add_inventory(parser, "which kinds, fields, values and targets of the rules are nowhere in")
    add_mapping(parser)
    parser.add_argument("--strict", action="store_true", help="let warnings count as findings, too")


def check(arguments: argparse.Namespace) -> int:
    """Check every rule set, and all of them together; what cannot be read keeps no other from being checked."""
    screen = Screen()
    read = list(_read(arguments.paths, screen))
    loaded = {one.file.resolve(): one for one in read if one}
    rulesets = tuple(one.ruleset for one in loaded.values() if one.ruleset)
    report = Report.of(finding for one in loaded.values() for finding in one.report.findings)
    report += check_together(*rulesets)
    if arguments.policy:
        report = _meeting(arguments.policy, rulesets, report)
    if is_looked_at := bool(arguments.inventory or arguments.journal) and not report.errors:
        report += check_inventory(look(arguments, rulesets, screen), *rulesets)
    unjudged = (frozenset() if arguments.policy else POLICY) | (frozenset() if is_looked_at else INVENTORY)
    report = settled(report, (one.span.source for one in rulesets), unjudged=unjudged)
    _show(report, screen, arguments.format, is_whole=None not in read)
    if None in read:
        return Code.CANNOT_LOAD
    return Code.FINDINGS if report.errors or (arguments.strict and report.findings) else Code.OK


def _read(paths: Iterable[Path], screen: Screen) -> Iterator[Loaded | None]:
    """Give what each file says; None where one, or a folder, cannot be read, which is said at once."""
    for path in paths:
        try:
            yield from (load(file, {}) for file in rule_files([path]))
        except Refused as refused:
            screen.err(f"selfheal: {refused}")
            yield None


def _meeting(file: Path, rulesets: tuple[RuleSet, ...], report: Report) -> Report:
    """Add what is wrong with a policy, by itself and beside rule sets that are sound; leave out what it decides."""
    policy, read = parse_policy(read_whole(file))
    read += check_calendars(policy, datetime.now(UTC)) if policy else Report(())
    if policy is None or report.errors or not rulesets:
        return report + read
    program = compile_rules(*rulesets)
    met = check_policy(policy, program.vocabulary, rulesets, program.revisions)
    return undecided(report, policy, rulesets) + read + met


def _show(report: Report, screen: Screen, form: str, *, is_whole: bool) -> None:
    if form in FORMS:
        for line in FORMS[form](report):
            screen.out(line)
    elif report.findings or is_whole:
        screen.out(_HEAD.sub(lambda head: _painted(head, screen), clean(report.render())))


def _painted(head: re.Match[str], screen: Screen) -> str:
    return head[1] + screen.paint(head[2], "red" if head[3] == "error" else "yellow")
