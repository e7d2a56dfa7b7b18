"""`selfheal run`: rule sets over a stream of raw payloads, and every decision as it is made."""

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

from selfheal_rules.cli.arguments import (
    Commands,
    add_format,
    add_mapping,
    add_max_age,
    add_params,
    add_paths,
    add_policy,
    duration,
    instant,
    subcommand,
)
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.loading import load_mappings, load_program, load_site
from selfheal_rules.cli.origins import Origins
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.summary import Summary
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import number
from selfheal_rules.compile import Program
from selfheal_rules.decide import Decision, Step
from selfheal_rules.diagnostics import EventError, MatcherError, Report
from selfheal_rules.engine import Engine
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.normalize import Problem, Reading, read_items

Show: TypeAlias = Callable[[Decision], None]


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "run", "run rule sets over raw payloads and print every decision", run)
    add_paths(parser)
    about = "payloads, one JSON value a line; - is standard input"
    parser.add_argument("--input", metavar="FILE|-", required=True, help=about)
    add_format(parser)
    about = "who makes the joins: the library itself, or durable-rules (extra `durable`)"
    parser.add_argument("--engine", choices=("native", "durable"), default="native", help=about)
    add_mapping(parser)
    add_policy(parser, "the policy of the site; without one nothing is allowed")
    add_params(parser)
    add_max_age(parser)
    about = "set aside what is further ahead of the stream than this, such as the word of a broken clock"
    parser.add_argument("--max-ahead", metavar="DURATION", type=duration, help=about)
    about = "at the end of the input let time pass up to this instant, such as 2026-11-22T16:30:00Z"
    parser.add_argument("--until", metavar="TIME", type=instant, help=about)


def run(arguments: argparse.Namespace) -> int:
    """Post every item of the input to an engine and print what it decides."""
    program, report = load_program(arguments.paths, dict(arguments.param))
    screen = Screen()
    _warn(report, screen)
    mappings = load_mappings(arguments.mapping)
    engine = _engine(program, arguments, screen)
    lines = Lines(arguments.input)
    watch = Watch(engine, lines, screen, in_json=arguments.format == "json")
    try:
        with lines:
            watch.read(mappings)
        if arguments.until:
            watch.show(engine.advance(arguments.until))
    except KeyboardInterrupt:
        watch.close(interrupted=True)
        return Code.INTERRUPTED
    watch.close()
    return Code.FINDINGS if watch.problems.malformed else Code.OK


def _engine(program: Program, arguments: argparse.Namespace, screen: Screen) -> Engine:
    """Make the engine that is asked for, and say what of the rules its matcher leaves to the native one."""
    policy, age, ahead = load_site(program, arguments.policy), arguments.max_age, arguments.max_ahead
    try:
        engine = Engine(program, max_age=age, max_ahead=ahead, policy=policy, matcher=arguments.engine)
    except MatcherError as error:
        raise Refused(str(error)) from None
    for refused in engine.matcher.refused:
        screen.err(f"selfheal: {refused}")
    return engine


def _warn(report: Report, screen: Screen) -> None:
    if report.findings:
        count = number(len(report.findings), "warning")
        screen.err(f"selfheal: {count} about the rules; `selfheal check` shows them")


class Watch:
    """One engine over one stream: items in, decisions out, everything counted."""

    def __init__(self, engine: Engine, lines: Lines, screen: Screen, *, in_json: bool) -> None:
        """Begin with nothing read."""
        self.engine = engine
        self.lines = lines
        self.screen = screen
        self.problems = Problems(screen)
        self.summary = Summary()
        self.origins = Origins(engine.program.vocabulary)
        self._in_json = in_json

    def read(self, mappings: Sequence[PayloadMapping]) -> None:
        """Take the stream to its end."""
        for read in read_items(self.lines, vocabulary=self.engine.program.vocabulary, mappings=mappings):
            if isinstance(read, Reading):
                self._post(read)
            else:
                self.problems.name(read)
            self.screen.progress(self.summary.items)

    def _post(self, read: Reading) -> None:
        try:
            step = self.engine.post(read.item)
        except EventError as error:
            self.problems.name(Problem(read.line, "malformed", str(error)))
            return
        self.summary.count(step)
        if step.disposition != "unmatched":
            self.origins.note(read)
        self.show(step)

    def show(self, step: Step) -> None:
        """Print the decisions of a step."""
        for decision in step:
            self.summary.add(decision)
            written = json.dumps(decision.to_json()) if self._in_json else entry(decision, self.origins, self.screen)
            self.screen.out(written)

    def close(self, *, interrupted: bool = False) -> None:
        """Say what came of it all; beside JSON that goes to standard error."""
        self.screen.done()
        self.problems.advise(self.lines)
        if interrupted:
            self.screen.err(f"selfheal: interrupted after line {self.lines.count}")
        text = self.summary.text(self.engine, self.lines.count, self.problems)
        (self.screen.err if self._in_json else self.screen.out)(text)
