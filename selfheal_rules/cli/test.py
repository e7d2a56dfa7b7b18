"""`selfheal test`: files of tests are played, and what is not as they say is shown with what came instead, and why."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field

from selfheal_rules.cli.arguments import Commands, add_format, subcommand
from selfheal_rules.cli.choosing import chooser, suite_files
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.junit import Timed, write_junit
from selfheal_rules.cli.measuring import Measures, add_measures
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.watching import watch
from selfheal_rules.cli.words import number
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.parse import load_suite
from selfheal_rules.testing.report import Line, lines, summary
from selfheal_rules.testing.results import Failure, Result
from selfheal_rules.testing.verdicts import judge
from selfheal_rules.testing.writing import clock

_COLOURS = {"head": "bold", "missing": "red", "extra": "green", "miss": "yellow"}
_ENDINGS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "test", "run the tests beside rule sets", test)
    about = "a file of tests, a folder with a tests.yaml, or a folder of such folders"
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help=about)
    about = "only cases with these texts in their names; `and`, `or`, `not` and brackets join them"
    parser.add_argument("-k", metavar="EXPR", dest="expression", help=about)
    add_format(parser)
    add_measures(parser)
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write the results as JUnit XML, too")
    parser.add_argument("--watch", action="store_true", help="run again whenever a file beside the tests changes")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every case, and what was left out")


def test(arguments: argparse.Namespace) -> int:
    """
    Play the cases that are meant, and say what came of them.

    Raises:
        Refused: where a share of mistakes is asked for and none are to be made.
    """
    if arguments.mutate and arguments.expression:
        message = "mistakes are looked for by all cases of a file; leave out `-k`, or `--mutate`"
        raise Refused(message, Code.USAGE)
    if arguments.min is not None and not arguments.mutate:
        message = "`--min` says how many mistakes have to be noticed; `--mutate` makes them"
        raise Refused(message, Code.USAGE)
    if arguments.incremental and not arguments.mutate:
        message = "`--incremental` begins with what became of mistakes earlier; `--mutate` makes them"
        raise Refused(message, Code.USAGE)
    chosen = chooser(arguments.expression)
    if arguments.watch:
        watch(lambda: _again(arguments, chosen))
    run = Run(arguments, chosen)
    run.all()
    return run.close()


def _again(arguments: argparse.Namespace, chosen: Callable[[str], bool]) -> Iterable[Path]:
    """Run once while watching: what cannot be loaded is said, and may be better the next time."""
    run = Run(arguments, chosen)
    try:
        run.all()
        run.close()
    except Refused as refused:
        run.screen.err(f"selfheal: {refused}")
    run.screen.err("selfheal: waiting for a file to change; Ctrl-C ends")
    return run.places


@define(eq=False)
class Run:
    """One run over files of tests."""

    arguments: argparse.Namespace
    chosen: Callable[[str], bool]
    screen: Screen = field(factory=Screen, init=False)
    results: list[Timed] = field(factory=list, init=False)
    measures: Measures = field(init=False)
    places: dict[Path, None] = field(factory=dict, init=False)
    """Where a change may change a result: the folders of the files of tests, and of the rules they are about."""

    def __attrs_post_init__(self) -> None:
        """Measure on the screen of the run."""
        self.measures = Measures(self.arguments, self.screen)

    def all(self) -> None:
        """
        Play every case that is meant; what cannot be loaded is said before anything is played.

        Raises:
            Refused: where a file cannot be loaded, or no case is meant.
        """
        self.places.update(dict.fromkeys(self.arguments.paths))
        files = suite_files(self.arguments.paths)
        self.places.update(dict.fromkeys(file.parent for file in files))
        suites = _loaded(files)
        for suite in suites.values():
            self.places.update(dict.fromkeys(_rules(suite)))
        for file, suite in suites.items():
            self._suite(file, suite)
        if not self.results:
            message = "no case is meant: none has such a name" if self.arguments.expression else "there is no case"
            raise Refused(message, Code.USAGE)

    def _suite(self, file: Path, suite: Suite) -> None:
        before = len(self.results)
        for case in suite.cases:
            if self.chosen(case.name):
                start = time.monotonic()
                result = judge(case)
                self.results.append(Timed(file, result, time.monotonic() - start))
                self._show(file, result)
                self.screen.progress(len(self.results), noun="cases", every=1)
        made = [timed.result for timed in self.results[before:]]
        if made and self.arguments.format == "text":
            self.screen.out(f"{file}: {summary(made)}")
            for note, count in Counter(note for result in made for note in result.notes).items():
                self.screen.out(self.screen.paint(f"    {number(count, 'case')}: {clean(note)}", "dim"))
        if made:
            self.measures.of(file, suite, made)

    def _show(self, file: Path, result: Result) -> None:
        if self.arguments.format == "json":
            self.screen.out(json.dumps(_object(file, result)))
            return
        if self.arguments.verbose:
            ending = self.screen.paint(result.ending, _ENDINGS[result.ending])
            self.screen.out(f"{ending}  {result.name}")
        if result.failures:
            self.screen.out("\n".join([*(self._line(line) for line in lines(result)), ""]))

    def _line(self, line: Line) -> str:
        said = clean(line.text)
        return self.screen.paint(said, _COLOURS[line.is_]) if line.is_ and said.strip() else said

    def close(self) -> int:
        """Write what else is wanted, count, and give the exit code."""
        self.screen.done()
        if self.arguments.junit:
            write_junit(self.arguments.junit, self.results, self.measures.lacking)
        self.measures.close()
        made = [timed.result for timed in self.results]
        said = summary(made)
        if self.arguments.format == "json":
            self.screen.err(said)
        elif len({timed.file for timed in self.results}) > 1:
            self.screen.out(said)
        failed = bool(self.measures.lacking) or any(result.ending == "failed" for result in made)
        return Code.FINDINGS if failed else Code.OK


def _loaded(files: list[Path]) -> dict[Path, Suite]:
    found, wrong = {}, []
    for file in files:
        try:
            found[file] = load_suite(file)
        except RuleSetError as error:
            wrong.append(str(error))
    if wrong:
        raise Refused("the tests cannot be run\n\n" + "\n\n".join(wrong))
    return found


def _rules(suite: Suite) -> Iterator[Path]:
    for case in suite.cases:
        for ruleset in case.program.rulesets:
            yield Path(ruleset.span.source.name).parent


def _object(file: Path, result: Result) -> dict[str, Any]:
    """Give a result as JSON has it."""
    return {
        "file": str(file),
        "line": result.case.span.line,
        "name": result.name,
        "result": result.ending,
        "failures": [_failure(one, result) for one in result.failures],
        "notes": list(result.notes),
    }


def _failure(failure: Failure, result: Result) -> dict[str, Any]:
    step = None if failure.step is None or not result.case.steps else result.case.steps[failure.step]
    return {
        "title": failure.title,
        "line": failure.span.line if failure.span else result.case.span.line,
        "at": clock(step.t) if step else None,
        "variant": failure.variant or None,
        "lines": list(failure.lines),
        "decisions": [decision.to_json() for decision in failure.about],
    }
