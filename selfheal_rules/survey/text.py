"""What was found, as text for people."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from selfheal_rules.survey.gap import SORTS, TITLES, Answered, Gap, Gaps, Sort
from selfheal_rules.survey.overlap import Overlap, Overlaps, Unsolved
from selfheal_rules.survey.sections import NOT_ALL, class_counts, told
from selfheal_rules.wording import clean

WIDTH = 116


def gaps_text(gaps: Gaps) -> str:
    """Give gaps as text: what they are of, each sort under its title, and how many faults of each class are handled."""
    blocks = [_head(gaps), *(_sort(sort, gaps) for sort in SORTS if gaps.of(sort)), _classes(gaps.answered)]
    findings = len(gaps.findings)
    ending = f"{counted(findings, 'finding')}, {len(gaps.gaps) - findings} that may be meant so"
    return clean("\n\n".join("\n".join(block) for block in (*blocks, [ending])))


def _head(gaps: Gaps) -> list[str]:
    against = [f"the cloud `{gaps.cloud.name}`"] if gaps.cloud else []
    against += [f"{counted(gaps.looked_at, 'item')} of a record"] if gaps.looked_at is not None else []
    held = f", held against {' and '.join(against)}" if against else ""
    return [f"{counted(len(gaps.rulesets), 'rule set')} with {counted(gaps.rules, 'rule')}{held}"]


def _sort(sort: Sort, gaps: Gaps) -> list[str]:
    found = gaps.of(sort)
    lines = {"fault": _faults, "kind": _kinds}.get(sort, _told)(found)
    return [TITLES[sort], *lines]


def _told(gaps: Sequence[Gap]) -> Iterator[str]:
    for gap in [one for one in gaps if not one.follows]:
        place = f"  ({gap.span.source.name}:{gap.span.line})" if gap.span.source.text else ""
        yield f"  {gap.about}{place}"
        yield f"    {gap.reason}"
        if gap.seen:
            yield f"    {counted(gap.seen.count, 'time')}, first {gap.seen.first}, last {gap.seen.last}"
            yield f"    = example: {gap.seen.example}"
        yield f"    = help: {gap.cure}"
    following = ", ".join(gap.about for gap in gaps if gap.follows)
    if following:
        yield from _wrapped(f"and with them: {following}")


def _wrapped(text: str) -> Iterator[str]:
    yield from wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _faults(gaps: Iterable[Gap]) -> Iterator[str]:
    for gap in gaps:
        yield f"  {gap.about:24}{gap.reason}"
    yield "  = help: write a rule over the kinds that tell of it (`--format json` names them), or leave it to people"


def _kinds(gaps: Iterable[Gap]) -> Iterator[str]:
    yield from _wrapped(", ".join(gap.about for gap in gaps))
    yield "  = help: write a rule over what matters to the site, or leave its source off"


def _classes(answered: Iterable[Answered]) -> Iterator[str]:
    yield "fault classes           faults  may be acted on  some by name  only told  not handled"
    counts = list(class_counts(answered))
    for name, count, acted, named, told_only, left in counts:
        yield f"  {name:21} {count:>6}  {acted:>15}  {named:>12}  {told_only:>9}  {left:>11}"
    open_ones = [row[0] for row in counts if row[1] == row[5]]
    if open_ones:
        yield f"  nothing is handled of: {', '.join(open_ones)}"


def overlaps_text(overlaps: Overlaps) -> str:
    """Give overlaps as text: rules with each other, then with other healers, each with its stream and its cure."""
    rules = [one for one in overlaps.overlaps if not (one.second.healer or one.is_apart)]
    healers = [one for one in overlaps.overlaps if one.second.healer and not one.is_apart]
    apart = [one for one in overlaps.overlaps if one.is_apart]
    names = ", ".join(one.name for one in overlaps.healers) or "none"
    head = f"{counted(len(overlaps.rulesets), 'rule set')} with {counted(overlaps.rules, 'rule')}, and as other healers"
    blocks = [[f"{head}: {names}"]]
    blocks += [["rules that act on one target because of one item", *_pairs(rules)]] if rules else []
    blocks += [["other healers that act on one target because of one item", *_pairs(healers)]] if healers else []
    blocks += [["the same or the opposite to one target, for different items", *_pairs(apart)]] if apart else []
    blocks += [["rules that may, and were not shown to", *_unsolved(overlaps.unsolved)]] if overlaps.unsolved else []
    findings = len(overlaps.findings)
    unsolved = f", {len(overlaps.unsolved)} not solved" if overlaps.unsolved else ""
    ending = f"{counted(findings, 'finding')}, {len(overlaps.overlaps) - findings} that may be meant so{unsolved}"
    return clean("\n\n".join("\n".join(block) for block in (*blocks, [NOT_ALL, ending])))


def _pairs(overlaps: Iterable[Overlap]) -> Iterator[str]:
    for one in overlaps:
        yield f"  {one.first.name}  and  {one.second.name}"
        yield f"    because of `{one.kind}`, {told(one)}"
        yield f"    {one.yields} should yield: {one.why}"
        yield from (f"    = witness: {line}" for line in one.witness)
        yield f"    = help: {one.cure}"


def _unsolved(pairs: Iterable[Unsolved]) -> Iterator[str]:
    for one in pairs:
        yield f"  {one.first.name}  and  {one.second.name}"
        yield f"    may act because of one `{one.kind}`; not shown, as {'; '.join(one.why)}"
        yield f"    = help: {one.look}"


def counted(number: int, noun: str) -> str:
    """Give a number with its noun."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
