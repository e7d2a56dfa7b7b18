"""Rules that the same items make do opposite things to one target: shown with such items."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.alternatives import Alternative, Path, Placed, shared_type
from selfheal_rules.check.domains import Extent, extent, may_meet
from selfheal_rules.check.findings import warning
from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.possible import by_field
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.witness import Item, witness, written
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.model import Do, Literal, Reference, RuleSet
from selfheal_rules.policy import Policy
from selfheal_rules.values import Value

Equal: TypeAlias = Mapping[tuple[int, Path], tuple[str, Value]]
Extents: TypeAlias = Mapping[tuple[int, Path], Extent]


@frozen(eq=False, repr=False)
class _Act:
    """A step with an opposite, in one alternative of its rule: the numbers of its items, and what they must equal."""

    number: int
    view: RuleView
    alternative: Alternative
    step: Do
    items: Mapping[str, int]
    equal: Equal
    extents: Extents


def opposites() -> tuple[tuple[str, str], ...]:
    """Give the pairs of actions of which one takes back what the other does, as the catalogue says."""
    pairs = (sorted((one.name, one.undo)) for one in CATALOGUE.values() if one.undo)
    return tuple(dict.fromkeys((first, second) for first, second in pairs))


def opposed(subject: Subject) -> Iterator[Diagnostic]:
    """No two rules do opposite things to one target because of the same items."""
    acts: defaultdict[tuple[str, ...], defaultdict[str, list[_Act]]] = defaultdict(lambda: defaultdict(list))
    pairs = opposites()
    known = {action for pair in pairs for action in pair}
    for number, view in enumerate(subject.rules):
        for kinds, act in _acts(number, view, subject, known):
            acts[kinds][act.step.action].append(act)
    for by_action in acts.values():
        for first, second in pairs:
            yield from _pairs(by_action.get(first, ()), by_action.get(second, ()), subject)


def undecided(report: Report, policy: Policy, rulesets: Iterable[RuleSet]) -> Report:
    """Leave out what a policy decides: steps of which its `conflicts` name the winner."""
    steps = (step for rules in rulesets for rule in rules.rules for step in rule.then if isinstance(step, Do))
    action = {step.span: step.action for step in steps}

    def is_decided(finding: Diagnostic) -> bool:
        both = {action.get(span, "") for span in (finding.span, *finding.related)}
        return finding.code == "SH362" and any(both <= {*ranked} for ranked in policy.conflicts)

    return Report.of(finding for finding in report.findings if not is_decided(finding))


def _acts(
    number: int, view: RuleView, subject: Subject, known: Container[str]
) -> Iterator[tuple[tuple[str, ...], _Act]]:
    for step in (step for step in view.rule.then if isinstance(step, Do) and step.action in known):
        for scope in view.when:
            placed = sorted(scope.alternative.placed, key=lambda one: (one.pattern.form, one.pattern.kinds))
            items = {one.pattern.alias: at for at, one in enumerate(placed)}
            equal = {
                (items[one.pattern.alias], leaf.path): (type(leaf.operand.value).__name__, leaf.operand.value)
                for one in placed
                for leaf in one.pattern.where
                if leaf.operator == "is" and isinstance(leaf.operand, Literal)
            }
            kinds = tuple("|".join((one.pattern.form, *one.pattern.kinds)) for one in placed)
            yield kinds, _Act(number, view, scope.alternative, step, items, equal, _extents(placed, subject))


def _extents(placed: Sequence[Placed], subject: Subject) -> Extents:
    return {
        (at, path): found
        for at, one in enumerate(placed)
        for path, tests in by_field(one.pattern).items()
        if (found := extent(tests, shared_type(one.pattern.kinds, path, subject.vocabulary), subject.ruleset))
    }


def _pairs(some: Sequence[_Act], others: Sequence[_Act], subject: Subject) -> Iterator[Diagnostic]:
    said: set[int] = set()
    for pair in product(some, others):
        first, last = sorted(pair, key=lambda act: act.number)
        if last.number in said or first.number == last.number or not _agree(first, last):
            continue
        found = _both(first, last, subject)
        if found:
            said.add(last.number)
            yield _finding(first, last).shown_by(written(found))


def _agree(some: _Act, other: _Act) -> bool:
    """Whether what two ask of the same items may be, as far as a quick look tells."""
    if any(other.equal.get(place, value) != value for place, value in some.equal.items()):
        return False
    extents = ((found, other.extents.get(place)) for place, found in some.extents.items())
    return all(theirs is None or may_meet(mine, theirs) for mine, theirs in extents)


def _both(first: _Act, last: _Act, subject: Subject) -> tuple[Item, ...]:
    """Give items that make both rules act on one target, if there are such."""
    ranked = sorted(first.alternative.placed, key=lambda one: first.items[one.pattern.alias])
    meeting = Meeting(subject, [one.pattern for one in ranked])
    for act in (first, last):
        meeting.add(act.alternative, act.items)
    targets = first.step.target, last.step.target
    places = [_place(act) for act in (first, last)]
    if places[0] and places[1]:
        meeting.unite(places[0], places[1])
    elif not (isinstance(targets[0], Literal) and targets[0] == targets[1]):
        return ()
    if any(meeting.contradictions()):
        return ()
    return witness(meeting, [(act.alternative, act.view.rule, act.items) for act in (first, last)])


def _place(act: _Act) -> tuple[int, Path] | None:
    target = act.step.target
    is_known = isinstance(target, Reference) and target.alias in act.items
    return (act.items[target.alias], target.path) if isinstance(target, Reference) and is_known else None


def _finding(first: _Act, last: _Act) -> Diagnostic:
    message = (
        f"`{last.view.rule.id}` does `{last.step.action}` to the target of which `{first.view.rule.id}` does "
        f"`{first.step.action}`, because of the same items"
    )
    cure = "let a leaf or an `unless` keep the two apart, or name the winner in `conflicts` of the policy"
    return warning("SH362", message, last.step.span, cure, first.step.span)
