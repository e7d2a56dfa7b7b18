"""
From a negative to the function that says whether something blocks a match, and when to look again.

The functions answer with a time (see `plan.Again`): blocked until then, free (0), or free but to be judged again then
(negative). `pick` is here too: it is a loop of the same make.
"""

from collections.abc import Mapping, Sequence

from attrs import define

from selfheal_rules.compile.branches import Branch, Negative, is_event, span
from selfheal_rules.compile.drafts import PartDraft, Register
from selfheal_rules.compile.nests import MARGIN, Condition, Nest, conditions
from selfheal_rules.compile.scope import Scope, counted_kind, term
from selfheal_rules.compile.sources import count_part, group_paths, kinds_of, source_part
from selfheal_rules.model import Pattern, Reference
from selfheal_rules.values import canonical
from selfheal_rules.vocabulary import Kind


@define(eq=False, repr=False)
class Bound:
    """What is bound around a block: its patterns in the order of the rows, and the stages of its sequence."""

    scope: Scope
    patterns: tuple[Pattern, ...]
    aliases: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...] = ()
    reach: int = 0
    """Microseconds a sequence around the block spans."""


def enter_patterns(
    branch: Branch, bound: Bound, register: Register, *, negative: bool, prefix: str, heeded: bool = True
) -> tuple[Scope, dict[str, PartDraft]]:
    """Give the scope and parts of a branch's patterns, named after `prefix`; `heeded`, their counts are read."""
    scope, parts = bound.scope, {}
    for number, pattern in enumerate(branch.patterns):
        kind: Kind = kinds_of(pattern, scope.rules)[0]
        row = f"{prefix}{number}"
        if pattern.count or pattern.aggregate:
            paths = group_paths(pattern, branch)
            scope = scope.bind(pattern.alias, counted_kind(pattern, kind, paths), row)
            open_group = is_open(pattern, paths, branch, bound.patterns)
            part = count_part(pattern, paths, scope, register, open_group=open_group, negative=negative)
            part.heeded = part.heeded or heeded
            parts[pattern.alias] = part
        else:
            scope = scope.bind(pattern.alias, kind, row)
            parts[pattern.alias] = source_part(pattern, scope.rules, register, negative=negative)
    return scope, parts


def is_open(pattern: Pattern, paths: tuple[tuple[str, ...], ...], branch: Branch, outer: Sequence[Pattern]) -> bool:
    """Whether every group field is joined to a pattern that counts nothing (or there is no group field)."""
    plain = {other.alias for other in (*branch.patterns, *outer) if not other.count and not other.aggregate} | {"#wait"}
    joined = set()
    for join in branch.joins:
        for here, there in ((join.left, join.right), (join.right, join.left)):
            if here.alias == pattern.alias and there.alias in plain:
                joined.add(here.path)
    return set(paths) <= joined


def block(negative: Negative, bound: Bound, register: Register, *, depth: int = 1) -> str:
    """Write the function (rows, memory) → time of one negative."""
    body = [f"    {bound.scope.rows[alias]} = rows[{number}]" for number, alias in enumerate(bound.aliases)]
    body += ["    blocked = False", "    soon = NEVER"]
    if negative.stage is not None:
        body += _between(negative, bound, depth, register.era)
    elif depth % 2 and any(is_event(pattern) for branch in negative.branches for pattern in branch.patterns):
        body += _watched(negative, register.era)  # negated again it is what was seen that counts, and that is known
    for number, branch in enumerate(negative.branches):
        body += _branch(negative, branch, bound, register, depth, number)
    body.append("    return soon if blocked else -soon if soon < NEVER else 0")
    return register.code.function("block", "rows, m", body)


def _watched(negative: Negative, era: int) -> list[str]:
    longest = max(
        _window(negative, branch, pattern.alias)
        for branch in negative.branches
        for pattern in branch.patterns
        if is_event(pattern)
    )
    return [f"    if m.now - m.begun[{era}] < {longest}:", f"        return m.begun[{era}] + {longest}"]


def _window(negative: Negative, branch: Branch, alias: str) -> int:
    own = [within for name, within in branch.windows if name == alias]
    return min([*own, *([negative.within] if negative.within is not None else [])], default=0)


def _moment(aliases: tuple[str, ...], scope: Scope, pick: str) -> str:
    rows = [f"({scope.rows[alias]}.at, {scope.rows[alias]}.turn)" for alias in aliases]
    return rows[0] if len(rows) == 1 else f"{pick}({', '.join(rows)})"


def _between(negative: Negative, bound: Bound, depth: int, era: int) -> list[str]:
    stage = negative.stage or 0
    body = [f"    begin = {_moment(bound.stages[stage], bound.scope, 'max')}", "    since = begin[0]"]
    end = f"(since + {negative.within}, -1)" if negative.within is not None else "(NEVER, 0)"
    if stage + 1 < len(bound.stages):
        body.append(f"    after = {_moment(bound.stages[stage + 1], bound.scope, 'min')}")
        body += [f"    begin = max(begin, (after[0] - {bound.reach}, NEVER))"] if bound.reach else []
        end = f"min({end}, after)"
    unknown = f"m.begun[{era}] > since or begin[0] < m.now - m.max_age - {_look(negative, bound)}"
    body += [f"    end = {end}", f"    if {unknown}:", f"        return {'NEVER' if depth % 2 else '0'}"]
    return body


def _look(negative: Negative, bound: Bound) -> int:
    """How long after an event a `none` in a sequence may still ask for it, where nothing comes late."""
    held = max((span(bound.scope.rules, pattern.held) or 0 for pattern in bound.patterns), default=0)
    return max(negative.within or 0, bound.reach) + held


def _branch(negative: Negative, branch: Branch, bound: Bound, register: Register, depth: int, number: int) -> list[str]:
    strict = depth % 2 == 0
    scope, parts = enter_patterns(branch, bound, register, negative=not strict, prefix=f"q{depth}_{number}_")
    inside = Bound(
        scope,
        (*bound.patterns, *branch.patterns),
        (*bound.aliases, *(p.alias for p in branch.patterns)),
        branch.stages,
        bound.reach,
    )
    needed = conditions(branch, scope, register.code, bound.patterns, negative=not strict)
    needed += _windows(negative, branch, scope)
    _retain(negative, branch, parts, _look(negative, bound))
    nest = Nest(register, scope, parts, branch.joins, needed, list(bound.aliases))
    nest.bind()
    waiting = [pattern.alias for pattern in branch.patterns]
    while waiting:
        alias = nest.next_of(waiting)
        waiting.remove(alias)
        nest.loop(alias)
    _innermost(nest, branch, inside, register, depth, _ends(negative, branch, scope))
    return nest.lines


def _windows(negative: Negative, branch: Branch, scope: Scope) -> list[Condition]:
    found = []
    for pattern in branch.patterns:
        if not is_event(pattern):
            continue
        row = scope.rows[pattern.alias]
        text = f"begin < ({row}.at, {row}.turn) < end"
        if negative.stage is None:
            text = f"{row}.at > m.now - {_window(negative, branch, pattern.alias)}"
        found.append(Condition(frozenset({pattern.alias}), text))
    for spread in branch.spreads:
        times = [f"{scope.rows[alias]}.at" for alias in spread.aliases]
        if len(times) > 1:
            listed = ", ".join(times)
            found.append(Condition(frozenset(spread.aliases), f"max({listed}) - min({listed}) < {spread.within}"))
    return found


def _retain(negative: Negative, branch: Branch, parts: Mapping[str, PartDraft], look: int) -> None:
    for pattern in branch.patterns:
        if is_event(pattern):
            part = parts[pattern.alias]
            part.eager = True
            part.keep = max(part.keep, _window(negative, branch, pattern.alias), look)
            part.late = part.late or negative.stage is not None


def _ends(negative: Negative, branch: Branch, scope: Scope) -> list[str]:
    if negative.stage is not None:
        return []
    return [
        f"{scope.rows[pattern.alias]}.at + {_window(negative, branch, pattern.alias)}"
        for pattern in branch.patterns
        if is_event(pattern)
    ]


def _innermost(nest: Nest, branch: Branch, inside: Bound, register: Register, depth: int, ends: list[str]) -> None:
    rows = "(" + "".join(f"{inside.scope.rows[alias]}, " for alias in inside.aliases) + ")"
    for number, inner in enumerate(branch.negatives):
        name = f"s{depth}_{number}"
        nest.write(f"{name} = {block(inner, inside, register, depth=depth + 1)}({rows}, m)")
        nest.write(f"if {name}:")
        nest.write(f"{MARGIN}soon = min(soon, abs({name}))")
        nest.enter(f"if {name} <= 0:")
    if not ends and not branch.negatives:
        nest.write("return NEVER")
        return
    nest.write("blocked = True")
    if ends:
        nest.write(f"soon = min(soon, {', '.join(ends)})")


def pick(pattern: Pattern, branch: Branch, bound: Bound, register: Register, part: PartDraft) -> str:
    """Write the function (rows, memory) → the best row of a picked pattern, or None."""
    chosen = pattern.pick
    body = [f"    {bound.scope.rows[alias]} = rows[{number}]" for number, alias in enumerate(bound.aliases)]
    body += ["    best = None"]
    only = Branch((pattern,), joins=branch.joins)
    needed = [
        condition
        for condition in conditions(only, bound.scope, register.code, bound.patterns, negative=False)
        if pattern.alias in condition.needs
    ]
    nest = Nest(register, bound.scope, {pattern.alias: part}, branch.joins, needed, list(bound.aliases))
    nest.loop(pattern.alias)
    row = bound.scope.rows[pattern.alias]
    sign = ">" if chosen and chosen.best == "max" else "<"
    nest.write(f"v = {_ranked(chosen.term, bound.scope, register) if chosen else 'None'}")
    nest.enter("if v is not None:")
    nest.write(f"if best is None or v {sign} top or (v == top and row_order({row}) < row_order(best)):")
    nest.write(f"{MARGIN}best, top = {row}, v")
    register.code.names["row_order"] = row_order
    return register.code.function("pick", "rows, m", [*body, *nest.lines, "    return best"])


def row_order(row: object) -> str:
    """Give what decides between rows of equal worth: the canonical text of their evidence."""
    return canonical(row.evidence())  # type: ignore[attr-defined]


def _ranked(value: object, scope: Scope, register: Register) -> str:
    written = term(value, scope, register.code)  # type: ignore[arg-type]
    if isinstance(value, Reference) and scope.type(value).name == "ordered":
        ranks = {word: rank for rank, word in enumerate(scope.type(value).values)}
        return f"{register.code.constant(ranks)}.get({written})"
    return written
