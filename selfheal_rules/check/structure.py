"""Whether a condition has a meaning as it is put together: where `for`, `sequence`, `pick` and `count` may stand."""

from collections.abc import Iterator

from selfheal_rules.check.alternatives import LIMIT, Scope, expand, is_event, is_join, size
from selfheal_rules.check.findings import at_word, error, shown
from selfheal_rules.check.leaves import written_duration
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import conditions_below, leaves_of, names_in, patterns_below, roots
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Group, Operand, Pattern, Reference, RuleSet, Test


def shapes(subject: Subject) -> Iterator[Diagnostic]:
    """No condition is empty or falls into too many alternatives, and each outcome has something to judge."""
    for view in subject.rules:
        for root in roots(view.rule):
            yield from _shape(root)
        if not view.rule.then:
            yield error("SH320", f"rule `{view.rule.id}` does nothing", view.rule.span, "add a step under `then:`")
        if view.rule.outcome and not any(isinstance(step, Do) for step in view.rule.then):
            cure = "leave `outcome` out, or add a `do`"
            place = at_word(view.rule.span, "outcome")
            yield error("SH322", "an outcome is that of something done, and this rule only concludes", place, cure)


def _shape(root: Group) -> Iterator[Diagnostic]:
    for condition in conditions_below([root]):
        if isinstance(condition, Group) and not condition.items:
            place = at_word(condition.span, condition.logic)
            yield error("SH320", f"`{condition.logic}` is empty", place, "name at least one condition")
    count = size(root)
    if count > LIMIT:
        message = f"the condition falls into {count} alternatives, and {LIMIT} are looked at"
        cure = "conclude a state from each part, and match those"
        yield error("SH408", message, at_word(root.span, root.logic), cure)


def empty(subject: Subject) -> Iterator[Diagnostic]:
    """Every pattern waits for something."""
    for view in subject.rules:
        for condition in conditions_below(roots(view.rule)):
            if isinstance(condition, Pattern) and not condition.kinds:
                yield error("SH320", "a pattern waits for nothing", condition.span, "name at least one kind")


def held(subject: Subject) -> Iterator[Diagnostic]:
    """`for` stands where something holds: at a state, a count, or the outermost group of a level condition."""
    for view in subject.rules:
        for pattern in view.patterns:
            if pattern.held is not None and not pattern.unsure and is_event(pattern):
                cure = "an event is over at once: wait for a state, or count"
                yield error("SH300", "`for` over an event", at_word(pattern.span, "for"), cure)
        for root in roots(view.rule):
            for condition in conditions_below([root]):
                if isinstance(condition, Group) and condition.held is not None:
                    yield from _held_group(condition, root)


def _held_group(group: Group, root: Group) -> Iterator[Diagnostic]:
    place = at_word(group.span, "for")
    if group is not root:
        cure = "put it on the patterns, or beside the outermost `all`, `any` or `none`"
        yield error("SH301", "`for` holds a whole condition, and this is a part of one", place, cure)
    elif group.logic == "sequence":
        cure = "put it on the last pattern, or conclude a state from the sequence and wait for that"
        yield error("SH301", "`for` beside a `sequence`, which is over with its last item", place, cure)
    elif any(found.events for found in expand(group)):
        yield error("SH301", "`for` holds a condition with an event in it", place, "an event is over at once: count it")


def sequences(subject: Subject) -> Iterator[Diagnostic]:
    """A `sequence` is the outermost group, begins with something that happens, and says how long to wait at its end."""
    for view in subject.rules:
        for root in roots(view.rule):
            for condition in conditions_below([root]):
                if isinstance(condition, Group) and condition.logic == "sequence":
                    if condition is not root:
                        cure = "conclude from the sequence in a rule of its own"
                        place = at_word(condition.span, "sequence")
                        yield error("SH302", "a `sequence` inside another condition", place, cure)
                    yield from _sequence(condition)


def _sequence(group: Group) -> Iterator[Diagnostic]:
    is_none = [isinstance(item, Group) and item.logic == "none" for item in group.items]
    if is_none and is_none[0]:
        cure = "begin with what happens first, or use `all`"
        yield error("SH303", "a `sequence` begins with `none`", at_word(group.items[0].span, "none"), cure)
    for item in group.items:
        if isinstance(item, Group) and item.logic != "none" and not all(found.placed for found in expand(item)):
            yield error("SH305", "a branch of the sequence has no pattern", item.span, "`none` stands in it by itself")
    end = max((at + 1 for at, none in enumerate(is_none) if not none), default=0)
    for at, item in enumerate(group.items):
        if at and isinstance(item, Group) and item.logic == "none" and item.within is None and _is_over_events(item):
            yield from _endless(item, group, is_last=at >= end)


def _is_over_events(none: Group) -> bool:
    return any(is_event(pattern) for pattern in patterns_below(none.items))


def _endless(none: Group, group: Group, *, is_last: bool) -> Iterator[Diagnostic]:
    place = at_word(none.span, "none")
    if is_last:
        message = "`none` at the end of a sequence does not say how long to wait"
        yield error("SH304", message, place, "give it its own `within`")
    elif group.within is None:
        message = "`none` looks from one item to the next, and nothing says how far apart these may lie"
        yield error("SH323", message, place, "add `within` to the `sequence`, or beside the `none`")


def picks(subject: Subject) -> Iterator[Diagnostic]:
    """`pick` chooses among states, and only where one is needed."""
    for view in subject.rules:
        for scope in (*view.scopes, *view.guarded):
            for placed in scope.alternative.placed:
                pattern = placed.pattern
                if pattern.unsure:
                    continue
                if pattern.pick and (pattern.form == "event" or placed.is_counted):
                    cure = "pick among states; of events, each one is its own match"
                    yield error("SH306", "`pick` chooses among states alone", at_word(pattern.span, "pick"), cure)
                elif pattern.pick and (scope.negative or scope in view.guarded):
                    message = "`pick` has no meaning where nothing is bound"
                    yield error("SH306", message, at_word(pattern.span, "pick"), "leave it out")


def windows(subject: Subject) -> Iterator[Diagnostic]:
    """Whatever remembers events says for how long."""
    for view in subject.rules:
        for pattern in view.patterns:
            yield from _counted(pattern)
        for scope in (*view.scopes, *view.guarded):
            yield from _forgotten(scope) if scope.negative else _unbounded(scope)
        for condition in conditions_below(roots(view.rule)):
            if isinstance(condition, Group) and condition.within is not None:
                yield from _bounds_nothing(condition)


def _counted(pattern: Pattern) -> Iterator[Diagnostic]:
    counted = pattern.count or pattern.aggregate
    if pattern.count and pattern.aggregate:
        yield error(
            "SH321", "a pattern counts or measures, not both", at_word(pattern.span, "aggregate"), "use two patterns"
        )
    if counted and counted.within is None and pattern.form == "event":
        word = "count" if pattern.count else "aggregate"
        message = f"`{word}` over events does not say over how long"
        yield error("SH307", message, at_word(pattern.span, word), "add `within`")


def _unbounded(scope: Scope) -> Iterator[Diagnostic]:
    """Find two events that nothing above both bounds."""
    windows = [group for group in scope.alternative.groups if group.within is not None]
    for other in scope.alternative.events[1:]:
        first = scope.alternative.events[0]
        if not any(first.is_under(group) and other.is_under(group) for group in windows):
            names = f"{shown(first.pattern)} and {shown(other.pattern)}"
            message = f"{names} may lie any time apart, and would be remembered for ever"
            cure = "add `within` to a group around both"
            yield error("SH308", message, other.pattern.span, cure, first.pattern.span)
            return


def _forgotten(scope: Scope) -> Iterator[Diagnostic]:
    """Find an event in a negative of which nothing says for how long it is missed."""
    negative = scope.negative
    if negative is None or negative.is_spanned:
        return
    for event in scope.alternative.events:
        inner = event.above[max(0, len(negative.above) - 1) :]
        if not any(group.within for group in inner):
            cure = (
                "wrap it: `unless: [{all: [...], within: 5m}]`" if negative.is_unless else "add `within` beside `none`"
            )
            message = f"{shown(event.pattern)}: nothing says for how long no such event is wanted"
            yield error("SH309", message, event.pattern.span, cure)


def _bounds_nothing(group: Group) -> Iterator[Diagnostic]:
    """Find a `within` over what holds: it would be taken for a wait, or for a look back, and is neither."""
    below = tuple(patterns_below(group.items))
    if not below or any(pattern.unsure or is_event(pattern) for pattern in below):
        return
    message = f"`within` beside `{group.logic}` bounds events, and there are none in it: states and counts mean now"
    cure = "leave it out; `for` says how long something must hold, `within` inside a `count` when it began"
    yield error("SH325", message, at_word(group.span, "within"), cure)


def counted_references(subject: Subject) -> Iterator[Diagnostic]:
    """A counted pattern is joined by equality alone: its groups are the same whatever the match."""
    for view in subject.rules:
        for pattern in view.patterns:
            counted = pattern.count or pattern.aggregate
            for leaf in pattern.where if counted else ():
                if not is_join(leaf):
                    yield from _counted_leaf(leaf, "a counted pattern is joined by equality alone")
            for leaf in leaves_of(pattern)[len(pattern.where) :]:
                yield from _counted_leaf(leaf, "`percent_of` is compared with no other pattern")


def _counted_leaf(leaf: Test, message: str) -> Iterator[Diagnostic]:
    for name in names_in(leaf.operand):
        if isinstance(name, Reference):
            yield error("SH310", message, name.span, "conclude the joined state, then count it")


def deadlines(subject: Subject) -> Iterator[Diagnostic]:
    """What must hold for a while has the time to."""
    for view in subject.rules:
        outcome = view.rule.outcome
        if outcome:
            yield from _fits(outcome.healthy, outcome.within, "healthy", subject.ruleset)
        for step in view.dos:
            if step.confirm:
                yield from _fits(step.confirm.condition, step.confirm.within, "confirm", subject.ruleset)
                yield from _fits(step.confirm.condition, step.timeout, "confirm", subject.ruleset)


def _fits(condition: Group, within: Operand | None, word: str, ruleset: RuleSet) -> Iterator[Diagnostic]:
    limit = written_duration(within, ruleset)
    waits = (condition.held, *(pattern.held for pattern in patterns_below([condition])))
    for wait in waits if within is not None and limit else ():
        needed = written_duration(wait, ruleset)
        if wait is not None and within is not None and limit and needed and needed > limit:
            message = f"`{word}` must hold longer than the time it is given"
            yield error("SH317", message, wait.span, "make `for` shorter, or the deadline longer", within.span)
