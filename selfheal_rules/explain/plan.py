"""
How a program will match and what it will keep, as plain values read off the compiled plan.

A *part* is one source of rows: the events or states that pass the constant leaves of a pattern, or the groups of a
count. Equal patterns share one. A lookup is one search among the rows of a part: by fields, or over all of them.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from attrs import asdict, field, frozen

from selfheal_rules.check.graph import levels
from selfheal_rules.compile.deciding import Within
from selfheal_rules.compile.plan import Action, Branching, Conclusion, Look, Part, Plan, Ruling, Seed
from selfheal_rules.compile.probes import index_field, left_to_try
from selfheal_rules.compile.program import Program
from selfheal_rules.compile.steps import key_parts
from selfheal_rules.compile.units import Fixed
from selfheal_rules.explain.costs import Cost, costs, is_single
from selfheal_rules.explain.division import DivisionPlan, explain_division
from selfheal_rules.explain.words import leaf, shown
from selfheal_rules.policy import Policy
from selfheal_rules.values import EMPTY
from selfheal_rules.vocabulary import write_duration

Role: TypeAlias = Literal["concludes", "does", "watches for"]
Kept: TypeAlias = Literal["nothing", "events", "states", "samples", "members", "waiting"]


@frozen
class Lookup:
    """Rows of a part, found by fields; without any, all of them are gone through."""

    alias: str
    part: int
    by: tuple[str, ...]


@frozen
class Arrival:
    """What a new row under an alias looks up to complete a match; `late_only` where only a late one may find it."""

    alias: str
    part: int
    late_only: bool
    lookups: tuple[Lookup, ...]


@frozen
class BranchPlan:
    """One alternative of a condition: its arrivals, and what is looked up each time a match of it is judged."""

    arrivals: tuple[Arrival, ...]
    judged: tuple[Lookup, ...]
    waits: timedelta | None
    held: timedelta | None
    level: bool
    """Whether it is a condition of states and counts, judged as long as it lasts, rather than once."""


@frozen
class RulePlan:
    """
    One rule, in the order of judgement; `level` counts the rules that conclude in a row before it.

    A rule with steps to be confirmed, or an outcome, has hidden ones that watch for the confirmation or for its health.
    """

    order: int
    ruleset: str
    rule: str
    role: Role
    level: int | None
    key: tuple[str, ...]
    steps: tuple[str, ...]
    otherwise: tuple[str, ...]
    branches: tuple[BranchPlan, ...]


@frozen
class PartPlan:
    """
    One source of rows and how long it keeps them.

    `lasts` is how long an event, or a sample of a count, is kept: older ones go now and then. A state is kept
    while it holds. Of `single` parts one row at most stands; `ages` are times whose age it waits for; `groups` are the
    fields a count is kept apart by.
    """

    number: int
    form: str
    kinds: tuple[str, ...]
    leaves: tuple[str, ...]
    held: timedelta | None
    ages: tuple[str, ...]
    single: bool
    keeps: Kept
    lasts: timedelta | None
    found_by: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]
    of: int | None
    """The part whose rows a count counts."""
    rules: tuple[str, ...]


@frozen
class KindPlan:
    """
    What an item of a kind touches: the parts that may take it.

    `index` is the field by which most of them are ruled out at once; `tried` is how many are left to be tried at most.
    """

    kind: str
    form: str
    index: str | None
    parts: tuple[int, ...]
    tried: int


@frozen
class ProgramPlan:
    """All of it: rules in order, parts by number, kinds by name, what stands out as costly, how it may be divided."""

    rules: tuple[RulePlan, ...]
    parts: tuple[PartPlan, ...]
    kinds: tuple[KindPlan, ...]
    costs: tuple[Cost, ...]
    division: DivisionPlan
    max_age: timedelta = field(kw_only=True)

    def to_json(self) -> dict[str, Any]:
        """Give the plan as the object `selfheal plan --format json` prints; durations are texts such as `1h30m`."""
        found: dict[str, Any] = asdict(
            self, value_serializer=lambda _, __, value: write_duration(value) if isinstance(value, timedelta) else value
        )
        return found


def explain_plan(
    program: Program, max_age: timedelta, fixed: Fixed = EMPTY, within: Within = EMPTY, policy: Policy | None = None
) -> ProgramPlan:
    """Say how a program will match in an engine of this `max_age`, and be divided, as `Program.split` is asked."""
    plan = program.plan
    rules = tuple(_rules(program))
    parts = tuple(_part(part, plan, max_age) for part in plan.parts)
    return ProgramPlan(
        rules,
        parts,
        tuple(_kinds(plan)),
        costs(plan),
        explain_division(program, fixed, within, policy),
        max_age=max_age,
    )


def _rules(program: Program) -> Iterator[RulePlan]:
    level = levels(program.rulesets)
    named = {rules.name: rules for rules in program.rulesets}
    for ruling in program.plan.rules:
        key = () if ruling.watcher else key_parts(ruling.rule, named[ruling.ruleset])
        yield RulePlan(
            ruling.number,
            ruling.ruleset,
            ruling.name,
            "watches for" if ruling.watcher else "concludes" if ruling.concludes else "does",
            level.get((ruling.ruleset, ruling.name)) if ruling.concludes else None,
            tuple(shown(part) for part in key),
            (_awaited(ruling, program.plan),) if ruling.watcher else tuple(map(_step, ruling.steps)),
            tuple(map(_step, ruling.recovery.otherwise)) if ruling.recovery else (),
            tuple(_branch(program.plan.branches[number], program.plan) for number in ruling.branches),
        )


def _step(step: Action | Conclusion) -> str:
    return step.kind.name if isinstance(step, Conclusion) else step.action


def _awaited(hidden: Ruling, plan: Plan) -> str:
    """Say what a hidden rule watches for."""
    for ruling in plan.rules:
        recovery = ruling.recovery
        for step in (*ruling.steps, *(recovery.otherwise if recovery else ())):
            if isinstance(step, Action) and step.confirm == hidden.number:
                return f"the confirmation of {step.action}"
    return "its health"


def _branch(branch: Branching, plan: Plan) -> BranchPlan:
    found = [(part, seed) for part in plan.parts for seed in part.begun() if seed.branch == branch.number]
    arrivals = [_arrival(branch, part, seed) for part, seed in found]
    order = {alias: place for place, alias in enumerate(branch.aliases)}
    arrivals.sort(key=lambda one: order[one.alias])
    waits = timedelta(microseconds=branch.forward.within) if branch.forward else None
    held = timedelta(microseconds=branch.held) if branch.held else None
    return BranchPlan(tuple(arrivals), tuple(map(_lookup, branch.looks)), waits, held, branch.level)


def _arrival(branch: Branching, part: Part, seed: Seed) -> Arrival:
    looked = {look.alias for look in seed.looks}
    bound = zip(branch.aliases, branch.parts, strict=False)
    alias = next(name for name, number in bound if number == part.number and name not in looked)
    return Arrival(alias, part.number, seed.late_only, tuple(map(_lookup, seed.looks)))


def _lookup(look: Look) -> Lookup:
    return Lookup(look.alias, look.part, tuple(".".join(path) for path in look.paths))


def _part(part: Part, plan: Plan, max_age: timedelta) -> PartPlan:
    looks = [look for one in plan.parts for seed in one.begun() for look in seed.looks]
    looks += [look for branch in plan.branches for look in branch.looks]
    paths = [tuple(".".join(path) for path in look.paths) for look in looks if look.part == part.number and look.paths]
    keeps, lasts = _kept(part, plan, max_age)
    taker, counted = part.taker, part.counted
    return PartPlan(
        part.number,
        part.form,
        part.kinds if counted is None else plan.parts[counted.part].kinds,
        tuple(leaf(test) for test in taker.tests) if taker else (),
        timedelta(microseconds=part.held) if part.held else None,
        tuple(dict.fromkeys(".".join(path) for path, _, _ in part.ages)),
        is_single(part, plan),
        keeps,
        lasts,
        tuple(dict.fromkeys(paths)),
        counted.names if counted else (),
        counted.part if counted else None,
        tuple(dict.fromkeys(plan.rules[rule].name for rule in _readers(part, plan))),
    )


def _kept(part: Part, plan: Plan, max_age: timedelta) -> tuple[Kept, timedelta | None]:
    if part.counted:
        within = part.counted.within
        over_states = plan.parts[part.counted.part].form == "state" and within is None
        return ("members", None) if over_states else ("samples", timedelta(microseconds=within or 0))
    if part.form == "wait":
        return "waiting", None
    if part.form == "state":
        return "states", None
    if not part.keep:
        return "nothing", None
    return "events", timedelta(microseconds=part.keep) + (max_age if part.late else timedelta())


def _readers(part: Part, plan: Plan) -> Iterator[int]:
    """Give the rules a part works for, those by way of its counts included."""
    found = {seed.rule for seed in part.begun()} | {watch.rule for watch in part.watches}
    found |= {branch.rule for branch in plan.branches if any(look.part == part.number for look in branch.looks)}
    for number in part.counts:
        found.update(_readers(plan.parts[number], plan))
    yield from sorted(found)


def _kinds(plan: Plan) -> Iterator[KindPlan]:
    for name, entry in sorted(plan.entries.items()):
        takers = tuple(part.taker for part in plan.parts if part.taker and name in part.kinds)
        if takers:
            numbers = tuple(taker.part for taker in takers)
            index, tried = index_field(entry.kind, takers), left_to_try(entry.kind, takers)
            yield KindPlan(name, entry.kind.form, index, numbers, tried)
