"""Whether what a rule does can come about: guards that let nothing pass, retries that never come, steps cut off."""

from collections.abc import Iterator

from selfheal_rules.actions import is_destructive
from selfheal_rules.check.alternatives import Alternative, Path, Placed, scopes, shared_type
from selfheal_rules.check.domains import constant, contradict, operands
from selfheal_rules.check.findings import at_word, dotted, shown, warning
from selfheal_rules.check.possible import by_field
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Do, Operand, Pattern, Reference, Step
from selfheal_rules.vocabulary import INTEGER

NUMBERED = ("limit", "max_in_flight", "attempts", "flap", "breaker")
"""The guards whose own word is how often something may be."""


def closed_guards(subject: Subject) -> Iterator[Diagnostic]:
    """A guard lets something through: with a number of 0 it never does."""
    for view in subject.rules:
        for guard in view.rule.guard:
            own: Operand | tuple[Operand, ...] = guard.settings[guard.name]
            if guard.name in NUMBERED and not isinstance(own, tuple) and constant(own, INTEGER, subject.ruleset) == 0:
                message = f"`{guard.name}: 0` lets nothing through, ever"
                cure = "write 1 or more; what no rule of a site may do stands in its policy"
                yield warning("SH365", message, own.span, cure)


def vain_retries(subject: Subject) -> Iterator[Diagnostic]:
    """A step that is tried again is one that can be seen to fail while its episode is open."""
    for view in subject.rules:
        ending = view.rule.outcome
        for steps, waits in ((view.rule.then, ending is not None), (ending.otherwise if ending else (), False)):
            done = [step for step in steps if isinstance(step, Do)]
            if waits or any(step.confirm for step in done):
                continue
            for step in done:
                if step.retry is not None:
                    message = f"`{step.action}` is never tried again: nothing is waited for once it is issued"
                    cure = "add `confirm` to the step, or `outcome` to the rule; else leave `retry` out"
                    yield warning("SH366", message, at_word(step.span, "retry"), cure)


def ended_causes(subject: Subject) -> Iterator[Diagnostic]:
    """No step ends the cause of its own rule while others wait for it: they would be cancelled."""
    for view in subject.rules:
        for place, step in enumerate(view.rule.then[:-1]):
            if isinstance(step, Do) and is_destructive(step.action):
                break
            if isinstance(step, Do) and _waits(view.rule.then[place + 1], step):
                found = [_ended(scope.alternative, step, view, subject) for scope in view.when]
                if found and all(found):
                    yield _finding(step, found[0], view.rule.then[place + 1])


def _waits(later: Step, step: Do) -> bool:
    return later.after is None or step.id in later.after


def _finding(step: Do, ended: tuple[Pattern, Path] | None, later: Step) -> Diagnostic:
    pattern, path = ended or (None, ())
    cause = f"{shown(pattern)} by its `{dotted(path)}`" if pattern else "the cause"
    message = f"what confirms `{step.action}` ends {cause}, which cancels the steps behind it"
    cure = "conclude first what the rule goes by, and have another rule act on that; or make this the last step"
    return warning("SH367", message, at_word(step.span, "confirm"), cure, later.span)


def _ended(when: Alternative, step: Do, view: RuleView, subject: Subject) -> tuple[Pattern, Path] | None:
    """Give the state a condition rests on that holds no longer once a step is confirmed, and the field that tells."""
    if step.confirm is None or any(one.pattern.form != "state" for one in when.placed):
        return None
    confirming = [scope for scope in scopes(step.confirm.condition, view.names) if scope.outer is None]
    if len(confirming) != 1 or len(confirming[0].alternative.placed) != 1:
        return None
    other = confirming[0].alternative.placed[0]
    ended = ((one.pattern, _apart(one, other, subject)) for one in when.placed if _is_same(one, other, subject))
    return next(((pattern, path) for pattern, path in ended if path), None)


def _is_same(one: Placed, other: Placed, subject: Subject) -> bool:
    """Whether two patterns are of one state, which `other` names by the key of `one`."""
    mine, theirs = one.pattern, other.pattern
    if one.is_counted or other.is_counted or mine.unsure or theirs.unsure or len(mine.kinds) != 1:
        return False
    kind = subject.kind(mine.kinds[0])
    if kind is None or mine.kinds != theirs.kinds or theirs.form != "state":
        return False
    named = {leaf.path for leaf in theirs.where if leaf.operator == "is" and _is_of(leaf.operand, mine, leaf.path)}
    return bool(kind.key) and all((name,) in named for name in kind.key)


def _is_of(operand: object, pattern: Pattern, path: Path) -> bool:
    return isinstance(operand, Reference) and (operand.alias, operand.path) == (pattern.alias, path)


def _apart(one: Placed, other: Placed, subject: Subject) -> Path:
    """Give a field of which the two ask for what no value is; an empty path where there is none."""
    mine, theirs = by_field(one.pattern), by_field(other.pattern)
    for path in [path for path in mine if path in theirs]:
        tests = [*mine[path], *theirs[path]]
        known = shared_type(one.pattern.kinds, path, subject.vocabulary)
        plain = not any(isinstance(operand, Reference) for test in tests for operand in operands(test))
        if known and plain and contradict(tests, known, subject.ruleset):
            return path
    return ()
