"""What costs too much, and what is declared and never used."""

from collections.abc import Iterable, Iterator

from selfheal_rules.check.alternatives import Placed, Scope
from selfheal_rules.check.findings import shown, warning
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import names_in, names_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Literal, Parameter, Reference


def crossed(subject: Subject) -> Iterator[Diagnostic]:
    """The patterns of a match have to do with each other."""
    for view in subject.rules:
        for scope in view.scopes if view.is_joined else ():
            if scope.negative is None and len(scope.alternative.placed) > 1:
                yield from _crossed(scope, subject)


def _crossed(scope: Scope, subject: Subject) -> Iterator[Diagnostic]:
    many = [one for one in scope.alternative.placed if not _is_single(one, subject)]
    linked = _linked(scope)
    for one in many[1:]:
        if linked[one.pattern.alias] != linked[many[0].pattern.alias]:
            first, second = (shown(pattern) for pattern in (many[0].pattern, one.pattern))
            message = (
                f"{first} and {second} share no field: every one of the first is matched with every one of the second"
            )
            yield warning(
                "SH400", message, one.pattern.span, "join them by `same` or `$alias.field`", many[0].pattern.span
            )
            return


def _is_single(placed: Placed, subject: Subject) -> bool:
    """Whether at most one row can stand for the pattern: a count without groups, or a state whose key is spelt out."""
    pattern = placed.pattern
    if placed.is_counted:
        return not placed.group_fields()
    kind = subject.kind(pattern.kinds[0]) if len(pattern.kinds) == 1 else None
    spelt = [
        leaf.path for leaf in pattern.where if leaf.operator == "is" and isinstance(leaf.operand, Literal | Parameter)
    ]
    return kind is not None and kind.form == "state" and all((name,) in spelt for name in kind.key)


def _linked(scope: Scope) -> dict[str, str]:
    """Give each alias the name of its cluster: aliases that are compared with each other are in one."""
    cluster = {alias: alias for alias in scope.names}
    for together in _together(scope):
        known = [cluster[alias] for alias in together if alias in cluster]
        merged = set(known)
        cluster = {alias: known[0] if name in merged else name for alias, name in cluster.items()} if known else cluster
    return cluster


def _together(scope: Scope) -> Iterator[list[str]]:
    yield list(scope.given)
    for placed in scope.alternative.placed:
        pattern = placed.pattern
        terms = [leaf.operand for leaf in pattern.where] + ([pattern.pick.term] if pattern.pick else [])
        yield [pattern.alias, *_aliases(terms)]
    for formula in scope.alternative.formulas:
        yield list(_aliases([formula.term]))
    for group in scope.alternative.groups:
        for same in group.same:
            under = [one.pattern.alias for one in scope.alternative.placed if one.is_under(group)]
            yield [end.alias for end in same.pair] if same.pair else under


def _aliases(values: Iterable[object]) -> Iterator[str]:
    return (name.alias for value in values for name in names_in(value) if isinstance(name, Reference))


def unused_parameters(subject: Subject) -> Iterator[Diagnostic]:
    """Every declared parameter is used."""
    used = {name.name for view in subject.rules for name in names_of(view.rule) if isinstance(name, Parameter)}
    for name, declared in subject.ruleset.params.items():
        if name not in used:
            yield warning("SH407", f"parameter `{name}` is never used", declared.span, "remove it")
