"""What was found, as sections with tables: what a page in HTML or Markdown is made of."""

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import frozen

from selfheal_rules.source import Span
from selfheal_rules.survey.gap import SORTS, TITLES, Answered, Gap, Gaps, Sort
from selfheal_rules.survey.overlap import HOWS, Healer, Overlap, Overlaps, Side, Unsolved

MAY = "A rule may answer a fault where one item may be both; what it waits for besides may be lacking, or hold it back."


@frozen
class Section:
    """A title, a few words, and a table; a cell may hold `code` in backticks, `more` what is shown on demand."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: tuple[tuple[str, ...], ...] = ()
    """For each row the lines that stand behind it."""


def of_gaps(gaps: Gaps) -> tuple[Section, ...]:
    """Give the sections of a survey of gaps; those that would be empty are left out."""
    found = [_classes(gaps.answered), *(_sort(sort, gaps) for sort in SORTS), _answers(gaps.answered)]
    return tuple(section for section in found if section.rows)


def _classes(answered: Iterable[Answered]) -> Section:
    rows = tuple(class_counts(answered))
    head = ("Fault class", "Faults", "May be acted on", "Some alarms, by name", "Only told", "Not handled")
    return Section("Fault classes", f"How many faults of each class some rule may answer. {MAY}", head, rows)


def class_counts(answered: Iterable[Answered]) -> Iterator[tuple[str, ...]]:
    """Give for each class how many faults it has, and how many are acted on, known by name, only told, and open."""
    counts: dict[str, Counter[str]] = {}
    for one in answered:
        how = "acted" if one.acting else "named" if one.named else "told" if one.telling else "open"
        counts.setdefault(one.fault_class, Counter())[how] += 1
    for name, count in counts.items():
        yield name, str(count.total()), *(str(count[how]) for how in ("acted", "named", "told", "open"))


def _sort(sort: Sort, gaps: Gaps) -> Section:
    found = gaps.of(sort)
    title = TITLES[sort][0].upper() + TITLES[sort][1:]
    rows = tuple((f"`{one.about}`{_place(one.span)}", _reason(one), one.cure) for one in found)
    more = tuple((one.seen.example,) if one.seen else () for one in found)
    return Section(title, "", ("What", "Why", "What would help"), rows, more if any(more) else ())


def _reason(gap: Gap) -> str:
    seen = gap.seen
    return f"{gap.reason}; {seen.count} from {seen.first} to {seen.last}" if seen else gap.reason


def _place(span: Span) -> str:
    return f" ({span.source.name}:{span.line})" if span.source.text else ""


def _answers(answered: Iterable[Answered]) -> Section:
    rows = tuple(
        (f"`{one.fault}`", one.fault_class, one.doc, _names(one.acting), _names(one.telling), _sets(one.named))
        for one in answered
        if one.acting or one.telling or one.named
    )
    head = ("Fault", "Class", "What it says", "May be acted on by", "May be told by", "For some alarms, by name")
    return Section("Faults that rules may handle", MAY, head, rows)


def _sets(names: Iterable[str]) -> str:
    """Give rules by their sets, with how many they are: all by name would be too many to read."""
    counts = Counter(name.partition(" / ")[0] for name in names)
    return ", ".join(f"`{name}` ({count})" for name, count in counts.items())


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


APART = "The same or the opposite that two do to one target, each because of an item of its own."
NOT_ALL = "What is not told of is not shown to be none: a stream is looked for in a few ways of each pair."


def of_overlaps(overlaps: Overlaps) -> tuple[Section, ...]:
    """Give the sections of a survey of overlaps; those that would be empty are left out."""
    rules = [one for one in overlaps.overlaps if not (one.second.healer or one.is_apart)]
    healers = [one for one in overlaps.overlaps if one.second.healer and not one.is_apart]
    apart = [one for one in overlaps.overlaps if one.is_apart]
    found = (
        _pairs("Rules with each other", "What two rules do to one target because of the same item.", rules),
        _pairs("Rules and other healers", "What a rule and somebody else do to one target at once.", healers),
        _pairs("For different items", APART, apart),
        _unsolved(overlaps.unsolved),
        _table(overlaps.healers),
    )
    return tuple(section for section in found if section.rows)


def _pairs(title: str, note: str, overlaps: Iterable[Overlap]) -> Section:
    listed = list(overlaps)
    rows = tuple(
        (_side(one.first), _side(one.second), f"`{one.kind}`", told(one), f"`{one.yields}`: {one.why}", one.cure)
        for one in listed
    )
    head = ("One", "The other", "Because of", "What is done", "Who yields", "How")
    return Section(title, note, head, rows, tuple(one.witness for one in listed))


def _unsolved(pairs: Iterable[Unsolved]) -> Section:
    rows = tuple((_side(one.first), _side(one.second), f"`{one.kind}`", "; ".join(one.why), one.look) for one in pairs)
    note = "Two rules that may act on one target because of one item, and of which no stream shows it."
    return Section(
        "Not solved", note, ("One", "The other", "Because of", "Why it is not shown", "What to look at"), rows
    )


def _side(side: Side) -> str:
    return f"{side.name if side.healer else f'`{side.name}`'}"


def told(overlap: Overlap) -> str:
    """Say in a few words what two do."""
    first, second = overlap.first.actions, overlap.second.actions
    if overlap.how == "twice":
        return f"{HOWS['twice']} {_names(name for name in first if name in second)}"
    if first == second:
        return f"both do {_names(first)}, with other words"
    return f"{HOWS[overlap.how]} {_names(first)} and {_names(second)}"


def _table(healers: Iterable[Healer]) -> Section:
    rows = tuple(
        (one.project, one.does, one.switch, one.recognised, one.yields, ", ".join(one.sources)) for one in healers
    )
    head = ("Project", "What it does", "Its switch", "Recognised by", "Who yields", "Source")
    return Section("Other healers", "", head, rows)
