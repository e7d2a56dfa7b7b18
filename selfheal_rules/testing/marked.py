"""What is missing in the tests, for people: the lines of rules that are not covered, mistakes nobody would notice."""

from collections.abc import Iterable, Iterator
from typing import Any

from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.coverage import Coverage
from selfheal_rules.testing.fates import Tried
from selfheal_rules.testing.mutation import score
from selfheal_rules.testing.points import SORTS, Point

_MARKS = {"covered": "+", "partly": "~", "missed": "!"}


def shares(coverage: Coverage) -> str:
    """Write how much is covered on one line: `rules 4 of 4, leaves 47 of 51 (92 %)`."""
    return ", ".join(f"{sort} {done} of {many}" + _percent(done, many) for sort, done, many in coverage.counts())


def _percent(done: int, many: int) -> str:
    return "" if done == many else f" ({100 * done // many} %)"


def by_line(coverages: Iterable[Coverage]) -> dict[str, dict[int, dict[str, str]]]:
    """
    Give each line of rules something stands on, by file: its state, and what is missing.

    A file that several coverages speak of is covered where one of them covers it.
    """
    found = [*coverages]
    covered = {point for one in found for point in one.covered}
    points = dict.fromkeys(point for one in found for point in one.points)
    lines: dict[str, dict[int, list[Point]]] = {}
    for point in points:
        if point.span.source.text:
            lines.setdefault(point.span.source.name, {}).setdefault(point.span.line, []).append(point)
    return {
        name: {number: _line(own, [one for one in own if one not in covered]) for number, own in sorted(one.items())}
        for name, one in sorted(lines.items())
    }


def _line(points: list[Point], missed: list[Point]) -> dict[str, str]:
    state = "covered" if not missed else "missed" if len(missed) == len(points) else "partly"
    return {"state": state, "text": "; ".join(f"{one.what} {one.way}" for one in missed)}


def report_of(coverages: Iterable[Coverage]) -> dict[str, Any]:
    """Give coverage as `selfheal report --coverage` reads it."""
    return {
        "files": {
            name: {str(number): line for number, line in lines.items()} for name, lines in by_line(coverages).items()
        }
    }


def text(coverage: Coverage) -> Iterator[str]:
    """Mark the lines of the rules: `+` is covered, `~` partly, `!` not at all; what is missing stands below a line."""
    texts = {point.span.source.name: point.span.source.text for point in coverage.points}
    for name, lines in by_line([coverage]).items():
        yield name
        for number, line in enumerate(texts[name].split("\n")[: max(lines)], 1):
            found = lines.get(number)
            mark = _MARKS[found["state"]] if found else " "
            yield f"{mark} {number:>5}  {line}".rstrip()
            yield from (f"         ^ {one}" for one in (found["text"].split("; ") if found and found["text"] else ()))


def short(suite: Suite, coverage: Coverage) -> Iterator[str]:
    """Say where a file asks for more than its cases cover, and what they lack."""
    for sort in SORTS:
        wanted, share = suite.coverage.get(sort), coverage.share(sort)
        if wanted is not None and share < wanted:
            yield f"{sort}: {share:.1f} % covered, {wanted:g} % asked for"
            yield from (f"  {point}" for point in coverage.missed if point.sort == sort)


def survivors(tried: Iterable[Tried]) -> Iterator[str]:
    """Write each mistake that no case notices as a change of the rules, with what a test of it would hold."""
    for one in tried:
        if one.fate == "survived":
            mutant = one.mutant
            yield ""
            yield f"{mutant.span}: {mutant.operator}, in `{mutant.rule}`: no case fails"
            yield from (f"  {line}" for line in mutant.diff)
            yield f"  = test: {mutant.test}"


def scored(tried: list[Tried]) -> str:
    """Write the mutation score on one line."""
    fates = [one.fate for one in tried]
    counted = len(fates) - fates.count("refused")
    left = f", {fates.count('refused')} more are no mistakes a check lets pass" if "refused" in fates else ""
    return f"mutation {fates.count('killed')} of {counted} noticed ({score(tried):.1f} %){left}"
