"""What stands out as costly in a program: which rule, why it is so, and what would change it."""

from collections.abc import Iterator
from datetime import timedelta

from attrs import frozen

from selfheal_rules.compile.plan import Branching, Part, Plan, Ruling
from selfheal_rules.compile.probes import left_to_try
from selfheal_rules.vocabulary import Kind, write_duration

MANY_PARTS = 16
"""As many patterns as an item may be held against one by one before it is worth a word."""

MANY_BRANCHES = 8
"""As many alternatives of one condition."""


@frozen
class Cost:
    """One thing that grows faster than its author may think; `rules` are those it is paid for."""

    rules: tuple[str, ...]
    why: str
    cure: str


def costs(plan: Plan) -> tuple[Cost, ...]:
    """Give what stands out, rule by rule and then kind by kind, each once."""
    found = [cost for ruling in plan.rules for cost in _of_rule(ruling, plan)]
    found += _of_kinds(plan)
    return tuple(dict.fromkeys(found))


def _of_rule(ruling: Ruling, plan: Plan) -> Iterator[Cost]:
    rules = (ruling.name,)
    if len(ruling.branches) >= MANY_BRANCHES:
        why = f"its condition falls into {len(ruling.branches)} alternatives, each with lookups of its own"
        yield Cost(rules, why, "conclude a state from each part, and match those")
    for number in ruling.branches:
        branch = plan.branches[number]
        yield from _crossed(branch, plan, rules)
        yield from _repeated(branch, plan, rules)
        yield from _judged(branch, plan, rules)
        for part in (plan.parts[one] for one in branch.parts):
            yield from _counted(part, rules)


def _crossed(branch: Branching, plan: Plan, rules: tuple[str, ...]) -> Iterator[Cost]:
    """Find rows that are held against all rows of another part: once for each pair."""
    seen: set[frozenset[str]] = set()
    for part in plan.parts:
        for seed in part.begun():
            bound = [alias for alias in branch.aliases if all(look.alias != alias for look in seed.looks)]
            for look in seed.looks if seed.branch == branch.number else ():
                pair = frozenset({bound[0], look.alias})
                if not (look.paths or is_single(plan.parts[look.part], plan) or pair in seen):
                    seen.add(pair)
                    here, there = _named(bound[0], part, plan), _named(look.alias, plan.parts[look.part], plan)
                    why = f"each new {here} is held against every {there}{_kept(plan.parts[look.part])}"
                    yield Cost(rules, why, "join the two by an equal field: `same: [field]`, or `$alias.field`")


def _repeated(branch: Branching, plan: Plan, rules: tuple[str, ...]) -> Iterator[Cost]:
    """Find two events of one part in one match."""
    events = [number for number in branch.parts if plan.parts[number].form == "event" and plan.parts[number].keep]
    for number in dict.fromkeys(one for one in events if events.count(one) > 1):
        kind = "|".join(plan.parts[number].kinds)
        why = f"n events of `{kind}`{_kept(plan.parts[number])} that join make n times n matches"
        yield Cost(rules, why, "count them instead: `count: {at_least: 2, within: …, by: […]}`")


def _judged(branch: Branching, plan: Plan, rules: tuple[str, ...]) -> Iterator[Cost]:
    """Find negatives and picks that go over all rows, or have all matches judged again."""
    for look in branch.looks:
        part = plan.parts[look.part]
        if branch.parts and not (look.paths or is_single(part, plan)):
            why = f"each match goes over every {_named(look.alias, part, plan)}{_kept(part)}"
            yield Cost(rules, why, "join it to the match by an equal field: `$alias.field`")
    for part in plan.parts:
        for watch in part.watches:
            if watch.branch == branch.number and watch.key is None and branch.parts:
                why = f"each change of {_named('#', part, plan)} has every match of the rule judged again"
                cure = "join it to the match by an equal field: `$alias.field`"
                held = "a match with an event in it is not found by its fields: conclude from states, or shorten `ttl`"
                yield Cost(rules, why, cure if branch.level else held)


def _counted(part: Part, rules: tuple[str, ...]) -> Iterator[Cost]:
    """Find counts that cannot merely be counted on."""
    counted = part.counted
    if counted and counted.within is not None and (counted.value is not None or not counted.rising):
        within = write_duration(timedelta(microseconds=counted.within))
        by = f" by {', '.join(counted.names)}" if counted.names else ""
        why = f"each new sample goes over all samples of its group{by} in {within}"
        yield Cost(rules, why, "shorten `within`, or tell more groups apart with `by`")


def is_single(part: Part, plan: Plan) -> bool:
    """Whether at most one row can stand in a part: a count without groups, or a state whose key is spelt out."""
    if part.counted:
        return not part.counted.names
    kind: Kind = plan.entries[part.kinds[0]].kind if part.taker else Kind("#wait", "state")
    asked = [test.path for test in part.taker.tests if test.operator == "is"] if part.taker else []
    return part.form == "wait" or (part.form == "state" and all((name,) in asked for name in kind.key))


def _named(alias: str, part: Part, plan: Plan) -> str:
    kinds = plan.parts[part.counted.part].kinds if part.counted else part.kinds
    kind = f"`{'|'.join(kinds)}`"
    return kind if alias.startswith("#") else f"`{alias}` ({kind})"


def _kept(part: Part) -> str:
    return f" of the last {write_duration(timedelta(microseconds=part.keep))}" if part.keep else ""


def _of_kinds(plan: Plan) -> Iterator[Cost]:
    for name, entry in sorted(plan.entries.items()):
        takers = tuple(part.taker for part in plan.parts if part.taker and name in part.kinds)
        tried = left_to_try(entry.kind, takers)
        if tried > MANY_PARTS:
            why = f"an item of `{name}` may be held against the leaves of {tried} patterns, one by one"
            yield Cost((), why, "let each ask for a value of one and the same field, such as a name or a type")
