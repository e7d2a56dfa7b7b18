"""From the steps of a rule to actions and conclusions: functions from the rows of a match to what is said or done."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, has

from selfheal_rules.actions import is_destructive, risk_of
from selfheal_rules.check.walk import patterns_below, roots
from selfheal_rules.compile.branches import span
from selfheal_rules.compile.codegen import Code, keyed
from selfheal_rules.compile.joints import Joint
from selfheal_rules.compile.plan import NEVER, Action, Branching, Build, Conclusion, Ruling
from selfheal_rules.compile.scope import WAIT, Scope, references
from selfheal_rules.model import Conclude, Do, Literal, Operand, Pattern, Reference, Rule, RuleSet, Template
from selfheal_rules.values import FrozenMap, percentage
from selfheal_rules.vocabulary import ANY, Kind


@define(eq=False, repr=False)
class Written:
    """The functions of one rule over all its branches."""

    rules: RuleSet
    code: Code
    joints: tuple[Joint, ...]

    def each(self, write: Callable[[Scope], str]) -> Mapping[int, Build]:
        """Write one expression for every branch: rows → value."""
        return {joint.number: self.code[_function(joint, write(joint.reading))] for joint in self.joints}

    def target(self, value: Operand | Template | None) -> Mapping[int, Build]:
        """Write a target."""
        return self.each(lambda scope: "None" if value is None else target_text(value, scope, self.code))

    def mapping(self, fields: Mapping[str, Operand | Template], kind: Kind | None) -> Mapping[int, Build]:
        """Write the fields of a conclusion or the params of a step."""
        return self.each(lambda scope: fields_text(fields, kind, scope, self.code))

    def awaits(self, used: tuple[Reference, ...]) -> Mapping[int, Build]:
        """Write the fields of a waiting row: the values its condition reads of the opening match."""
        return self.each(lambda scope: f"{{{', '.join(f'{str(ref)!r}: {scope.read(ref)}' for ref in used)}}}")


def target_text(value: Operand | Template, scope: Scope, code: Code) -> str:
    """Write a target; an empty text names nothing, and is a missing one."""
    return f"None if (found := {scope.text(value, code)}) == '' else found"


def fields_text(fields: Mapping[str, Operand | Template], kind: Kind | None, scope: Scope, code: Code) -> str:
    """Write the fields of a conclusion (missing ones left out) or, of no kind, the params of a step."""
    code.names.update(FrozenMap=FrozenMap, present=present, fitting=fitting)
    pairs = [
        f"{name!r}: {scope.text(value, code, (kind.type_at((name,)) or ANY) if kind else None)}"
        for name, value in fields.items()
    ]
    written = f"{{{', '.join(pairs)}}}"
    if kind is None:
        return f"FrozenMap({written})"
    if any(_may_misfit(name, value, kind, scope) for name, value in fields.items()):
        return f"fitting({written}, {code.constant(kind)})"
    return written if all(_is_sure(value, scope) for value in fields.values()) else f"present({written})"


def _is_sure(value: Operand | Template, scope: Scope) -> bool:
    """Whether a value of a conclusion is never missing."""
    if isinstance(value, Reference):
        kind: Kind = scope.kinds[value.alias]
        return kind.requires(value.path)
    return isinstance(value, Template | Literal)


def _may_misfit(name: str, value: Operand | Template, kind: Kind, scope: Scope) -> bool:
    """Whether a value whose type nobody knows goes into a field that wants one."""
    wanted = kind.type_at((name,)) or ANY
    return isinstance(value, Reference) and scope.type(value).name == "any" and wanted.name != "any"


def fitting(fields: dict[str, Any], kind: Kind) -> dict[str, Any] | None:
    """Give the fields that have a value, or None where one of them does not fit its type."""
    found = present(fields)
    misfits = ((kind.type_at((name,)) or ANY).misfit(value) for name, value in found.items())
    return None if any(reason is not None for reason in misfits) else found


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields that have no value."""
    return {name: value for name, value in fields.items() if value is not None} if None in fields.values() else fields


def _function(joint: Joint, expression: str) -> str:
    order = joint.aliases
    rows = joint.scope.rows
    body = [f"    {rows[alias]} = rows[{order.index(alias)}]" for alias in order if f"{rows[alias]}." in expression]
    return joint.register.code.function("build", "rows", [*body, f"    return {expression}"])


def key_functions(joint: Joint, parts: tuple[Operand | Template, ...]) -> tuple[Build, Build]:
    """Write the key of a rule: what tells it apart, and its values."""
    code = joint.register.code
    scope = joint.reading
    values = [scope.text(part, code) for part in parts]
    kinds = [joint.scope.type(part) if isinstance(part, Reference) else ANY for part in parts]
    keys = [keyed(value, kind) for value, kind in zip(values, kinds, strict=True)]
    return (
        code[_function(joint, f"({''.join(f'{key}, ' for key in keys)})")],
        code[_function(joint, f"({''.join(f'{value}, ' for value in values)})")],
    )


def key_parts(rule: Rule, rules: RuleSet) -> tuple[Operand | Template, ...]:
    """Give what a rule's key is made of: `key`, else its first target, else the key of what it concludes."""
    if rule.key is not None:
        return rule.key
    first = next((step for step in rule.then if isinstance(step, Do)), None)
    if first:
        return () if first.target is None else (first.target,)
    concluded = next((step for step in rule.then if isinstance(step, Conclude)), None)
    kind = rules.vocabulary.kinds.get(concluded.kind) if concluded else None
    if concluded is None or kind is None:
        return ()
    return tuple(concluded.fields[name] for name in kind.key if name in concluded.fields)


def conclusion(step: Conclude, written: Written) -> Conclusion:
    """Lower one `conclude`."""
    kind: Kind = written.rules.vocabulary.kinds[step.kind]
    fields = written.mapping(step.fields, kind)
    total = all(
        _is_sure(value, joint.scope) and not _may_misfit(name, value, kind, joint.scope)
        for joint in written.joints
        for name, value in step.fields.items()
    )
    return Conclusion(step, step.id, kind, fields, span(written.rules, step.ttl), total)


def action(step: Do, name: str, index: int, after: tuple[int, ...], written: Written) -> Action:
    """Lower one `do`, without what confirms it."""
    within = step.confirm.within if step.confirm else None
    limits = [span(written.rules, limit) for limit in (step.timeout, within)]
    known = [limit for limit in limits if limit is not None]
    retry = step.retry
    return Action(
        step,
        step.action,
        name,
        index,
        after,
        written.target(step.target),
        written.mapping(step.params, None) if step.params else None,
        min(known) if known else None,
        times=retry.times if retry else 0,
        backoff=(span(written.rules, retry.backoff) or 0) if retry else 0,
        cap=NEVER if retry is None or retry.cap is None else span(written.rules, retry.cap) or 0,
        jitter=percentage(written.rules.value(retry.jitter)) if retry and retry.jitter else 0.0,
        destructive=is_destructive(step.action),
        acting=risk_of(step.action) != "none",
    )


def resting(
    step: Action | Conclusion,
    every: Sequence[Action | Conclusion],
    rules: Sequence[Ruling],
    branches: Sequence[Branching],
) -> tuple[int, ...]:
    """Give the steps that a step comes after and states confirm; what touches and awaits nothing is looked through."""
    found: dict[int, None] = {}
    for index in step.after:
        other = every[index]
        if isinstance(other, Action) and other.confirm >= 0:
            if all(branches[one].level for one in rules[other.confirm].branches):
                found[index] = None
        elif isinstance(other, Conclusion) or not other.acting:
            found |= dict.fromkeys(resting(other, every, rules, branches))
    return tuple(found)


def rebind(part: Any, inner: frozenset[str]) -> Any:
    """Give a condition with every value of the opening match read off the waiting row instead."""
    if isinstance(part, Reference):
        return part if part.alias in inner else Reference(WAIT, (str(part),), span=part.span)
    if isinstance(part, tuple):
        return tuple(rebind(item, inner) for item in part)
    if has(type(part)) and not isinstance(part, FrozenMap):
        changed = {
            attribute.name: rebind(getattr(part, attribute.name), inner)
            for attribute in type(part).__attrs_attrs__
            if attribute.eq  # what stands outside equality says where it stands
        }
        return evolve(part, **changed)
    return part


def inner_aliases(part: Any) -> frozenset[str]:
    """Give the aliases a condition binds itself."""
    if isinstance(part, Pattern):
        return frozenset({part.alias})
    if isinstance(part, tuple):
        return frozenset().union(*(inner_aliases(item) for item in part))
    if has(type(part)):
        return inner_aliases(tuple(getattr(part, a.name) for a in type(part).__attrs_attrs__ if a.eq))
    return frozenset()


def kind_names(rule: Rule) -> tuple[str, ...]:
    """Give the kinds a rule reads and concludes, in order of their names."""
    read = {name for pattern in patterns_below(roots(rule)) for name in pattern.kinds}
    return tuple(sorted(read.union(step.kind for step in rule.then if isinstance(step, Conclude))))


def outer_references(part: Any) -> tuple[Reference, ...]:
    """Give, once each, the references of a condition to what it does not bind itself."""
    inner = inner_aliases(part)
    return tuple(dict.fromkeys(reference for reference in references(part) if reference.alias not in inner))
