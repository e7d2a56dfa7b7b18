"""How good tests are, for `selfheal test`: coverage and mutation score, shown and held against what is asked for."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import define, field

from selfheal_rules.cli.ending import Refused
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.coverage import Coverage, coverage_of
from selfheal_rules.testing.fates import FILE, Fates, Tried
from selfheal_rules.testing.marked import report_of, scored, shares, short, survivors, text
from selfheal_rules.testing.mutants import mutants
from selfheal_rules.testing.mutation import Hunt, score
from selfheal_rules.testing.points import SORTS
from selfheal_rules.testing.results import Result


def add_measures(parser: argparse.ArgumentParser) -> None:
    """Let a command measure tests."""
    parser.add_argument("--coverage", action="store_true", help="show what the tests cover, line by line of the rules")
    about = "write what the tests cover as JSON, for `selfheal report --coverage`"
    parser.add_argument("--coverage-json", metavar="FILE", type=Path, help=about)
    about = "make small mistakes in the rules, and show those that no test notices"
    parser.add_argument("--mutate", action="store_true", help=about)
    about = f"with `--mutate`: begin with what `{FILE}` beside the tests says of an earlier run, and write it anew"
    parser.add_argument("--incremental", action="store_true", help=about)
    about = "how many of a hundred mistakes have to be noticed (default: what the file of tests says)"
    parser.add_argument("--min", metavar="PERCENT", type=percent, help=about)


def percent(said: str) -> float:
    """Read a share."""
    try:
        found = float(said)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:  # noqa: PLR2004 - percent
        message = f"`{said}` is no share from 0 to 100"
        raise argparse.ArgumentTypeError(message)
    return found


@define(eq=False)
class Measures:
    """What is measured of the files of one run."""

    arguments: argparse.Namespace
    screen: Screen
    coverages: list[Coverage] = field(factory=list, init=False)
    lacking: dict[Path, list[str]] = field(factory=dict, init=False)
    """What is said of each file that asks for more than there is."""
    _steps: int = field(default=0, init=False)

    def of(self, file: Path, suite: Suite, results: Sequence[Result]) -> None:
        """Measure one file; shares are held against what is asked for where all its cases were run, and hold."""
        arguments = self.arguments
        is_whole = not arguments.expression and all(one.ending != "failed" for one in results)
        asks = is_whole and any(sort in suite.coverage for sort in SORTS)
        fates = _earlier(file, suite) if arguments.incremental else Fates()
        if asks or arguments.coverage or arguments.coverage_json:
            self._coverage(file, suite, results, fates, asks=asks)
        if arguments.mutate and is_whole:
            self._mutation(file, suite, results, fates)
            if arguments.incremental:
                _write(file.with_name(FILE), fates.text())

    def _coverage(self, file: Path, suite: Suite, results: Sequence[Result], fates: Fates, *, asks: bool) -> None:
        found = coverage_of(suite, results, lambda: self._progress("measured"), fates)
        self.coverages.append(found)
        if self.arguments.coverage:
            self._say({"file": str(file), "coverage": {sort: [done, many] for sort, done, many in found.counts()}},
                      [*text(found), f"{file}: {shares(found)}"])  # fmt: skip
        self._short(file, [*short(suite, found)] if asks else [])

    def _mutation(self, file: Path, suite: Suite, results: Sequence[Result], fates: Fates) -> None:
        made = [*mutants(suite.measured)]
        tried = [*Hunt(results, fates).tried(made, lambda _: self._progress("mutants", len(made)))]
        told = {"file": str(file), "mutation": score(tried), "survivors": [_survivor(one) for one in tried
                                                                         if one.fate == "survived"]}  # fmt: skip
        self._say(told, [*survivors(tried), "", f"{file}: {scored(tried)}"])
        wanted = self.arguments.min if self.arguments.min is not None else suite.coverage.get("mutation")
        if wanted is not None and score(tried) < wanted:
            self._short(file, [f"mutation: {score(tried):.1f} % noticed, {wanted:g} % asked for"])

    def _say(self, told: dict[str, object], lines: Iterable[str]) -> None:
        for line in [json.dumps(told)] if self.arguments.format == "json" else map(clean, lines):
            self.screen.out(line)

    def _short(self, file: Path, lines: list[str]) -> None:
        if lines:
            self.lacking.setdefault(file, []).extend(lines)
        for line in lines:
            said = f"{file}: {line}" if not line.startswith(" ") else line
            self.screen.err(said)

    def _progress(self, noun: str, many: int | None = None) -> None:
        self._steps += 1
        self.screen.progress(self._steps, self._steps / many if many else None, noun=noun, every=1)

    def close(self) -> None:
        """
        Write the report of coverage, where one is wanted.

        Raises:
            Refused: where it cannot be written.
        """
        if self.arguments.coverage_json:
            _write(self.arguments.coverage_json, json.dumps(report_of(self.coverages), indent=1) + "\n")


def _earlier(file: Path, suite: Suite) -> Fates:
    place = file.with_name(FILE)
    try:
        return Fates.read(place, suite)
    except (OSError, ValueError) as error:
        message = f"file `{place}`: {getattr(error, 'strerror', None) or error}; remove it, and it is written anew"
        raise Refused(message) from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        message = f"file `{file}` cannot be written: {error.strerror}"
        raise Refused(message) from None


def _survivor(tried: Tried) -> dict[str, object]:
    mutant = tried.mutant
    return {
        "place": str(mutant.span), "rule": mutant.rule, "operator": mutant.operator, "diff": list(mutant.diff),
        "test": mutant.test,
    }  # fmt: skip
