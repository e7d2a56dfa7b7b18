"""Whether the leaves of one pattern, or the bounds of one count, can all be true, and whether each is needed."""

from collections.abc import Iterator, Mapping

from selfheal_rules.check.alternatives import Path, denies, shared_type
from selfheal_rules.check.domains import Limit, contradict, implied, is_empty, limit
from selfheal_rules.check.findings import at_word, dotted, warning
from selfheal_rules.check.subject import Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Pattern, RuleSet, Test
from selfheal_rules.vocabulary import INTEGER, NUMBER, FieldType


def by_field(pattern: Pattern) -> Mapping[Path, list[Test]]:
    """Give the leaves of a pattern by the field they are on."""
    leaves: dict[Path, list[Test]] = {}
    for leaf in pattern.where:
        leaves.setdefault(leaf.path, []).append(leaf)
    return leaves


def impossible(subject: Subject) -> Iterator[Diagnostic]:
    """Every pattern can take something, and every count can be reached."""
    for view in subject.rules:
        for pattern in view.patterns:
            for path, tests in by_field(pattern).items():
                known = shared_type(pattern.kinds, path, subject.vocabulary)
                if known and contradict(tests, known, subject.ruleset):
                    message = f"nothing is all this: the leaves on `{dotted(path)}` contradict each other"
                    yield warning(
                        "SH402", message, tests[-1].span, "the pattern never takes anything: drop one of them"
                    )
            yield from _bounds(pattern, subject.ruleset)


def _bounds(pattern: Pattern, ruleset: RuleSet) -> Iterator[Diagnostic]:
    counted = pattern.count or pattern.aggregate
    known = INTEGER if pattern.count else NUMBER
    limits = [limit(bound, known, ruleset) for bound in counted.bounds] if counted else []
    if pattern.count:
        limits.append(Limit(0, is_least=True, is_inside=True))
    if counted and is_empty(limits, known):
        place = at_word(counted.span, counted.bounds[-1].comparison)
        yield warning("SH402", "no number is within these bounds", place, "drop one of them")


def needless(subject: Subject) -> Iterator[Diagnostic]:
    """Every leaf of a pattern that is waited for takes something away."""
    for view in subject.rules:
        waited = {id(one.pattern): one for scope in view.when for one in scope.alternative.placed}
        for placed in waited.values():
            if not placed.is_counted and not placed.pattern.pick:
                yield from _needless(placed.pattern, subject)


def _needless(pattern: Pattern, subject: Subject) -> Iterator[Diagnostic]:
    for path, tests in by_field(pattern).items():
        known = shared_type(pattern.kinds, path, subject.vocabulary)
        if known is None or contradict(tests, known, subject.ruleset):
            continue
        found = _followed(tests, known, subject.ruleset)
        if found:
            leaf, others = found
            message = f"`{leaf.operator}` on `{dotted(path)}` adds nothing: the other leaves on it say as much"
            yield warning("SH361", message, leaf.span, "leave it out", *(one.span for one in others[:1]))
        elif _is_given(tests[0], pattern, subject):
            message = f"`exists` on `{dotted(path)}` adds nothing: every `{'`, `'.join(pattern.kinds)}` has it"
            yield warning("SH361", message, tests[0].span, "leave it out")


def _followed(tests: list[Test], known: FieldType, ruleset: RuleSet) -> tuple[Test, list[Test]] | None:
    """Give the last leaf that follows from the others, and those."""
    for at in reversed(range(len(tests))):
        others = tests[:at] + tests[at + 1 :]
        if implied(tests[at], others, known, ruleset):
            return tests[at], others
    return None


def _is_given(leaf: Test, pattern: Pattern, subject: Subject) -> bool:
    """Whether a leaf asks that a field exist which every item of the kinds has."""
    kinds = [subject.kind(name) for name in pattern.kinds]
    return leaf.operator == "exists" and not denies(leaf) and all(kind and kind.requires(leaf.path) for kind in kinds)
