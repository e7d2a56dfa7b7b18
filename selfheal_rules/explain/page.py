"""A plan as an operator reads it: rules in order, what each looks up, what is kept, what stands out."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from selfheal_rules.explain.division import DivisionPlan, StagePlan
from selfheal_rules.explain.plan import Arrival, BranchPlan, KindPlan, Lookup, PartPlan, ProgramPlan, RulePlan
from selfheal_rules.vocabulary import write_duration

_SHOWN = 4
"""As many alternatives of a rule as are written out."""


def page(plan: ProgramPlan) -> str:
    """Write a plan as text."""
    parts = {part.number: part for part in plan.parts}
    told = f"{len(plan.rules)} rules, {len(plan.parts)} parts, {len(plan.kinds)} kinds read"
    sections = [
        (f"{told}; what may come late is kept {write_duration(plan.max_age)} longer", []),
        ("Rules, in the order they are judged", [line for rule in plan.rules for line in _rule(rule, parts)]),
        ("Parts: where rows come from, and for how long they are kept", [_part(part) for part in plan.parts]),
        ("Kinds: what an item of each touches", [_kind(kind) for kind in plan.kinds]),
        ("Costs: what stands out", list(_costs(plan))),
        ("Division: how the stream may be divided among several engines", list(_division(plan.division))),
    ]
    return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections)


def _number(number: int) -> str:
    return f"#{number}"


def _rule(rule: RulePlan, parts: dict[int, PartPlan]) -> Iterator[str]:
    level = f", level {rule.level}" if rule.level is not None else ""
    yield f"{rule.order + 1}. {rule.rule} ({rule.ruleset}) {_said(rule)}{level}"
    if rule.key:
        yield f"     key {', '.join(rule.key)}"
    for number, branch in enumerate(rule.branches[:_SHOWN], 1):
        indent = "     "
        if len(rule.branches) > 1:
            yield f"{indent}alternative {number} of {len(rule.branches)}"
            indent += "  "
        yield from (indent + line for line in _branch(branch, parts))
    if len(rule.branches) > _SHOWN:
        yield f"     and {len(rule.branches) - _SHOWN} alternatives more"


def _said(rule: RulePlan) -> str:
    otherwise = f"; otherwise {', '.join(rule.otherwise)}" if rule.otherwise else ""
    return f"{rule.role} {', '.join(rule.steps)}{otherwise}"


def _branch(branch: BranchPlan, parts: dict[int, PartPlan]) -> Iterator[str]:
    for arrival in branch.arrivals:
        yield _arrival(arrival, parts)
    for look in branch.judged:
        yield f"then looks for {_lookup(look, parts)}"
    if branch.waits:
        yield f"then waits {write_duration(branch.waits)} for what must not come"
    if branch.held:
        yield f"then waits until all of it has held for {write_duration(branch.held)}"
    if not branch.arrivals:
        yield "holds from the start, until something it denies comes"


def _arrival(arrival: Arrival, parts: dict[int, PartPlan]) -> str:
    late = ", if it comes late," if arrival.late_only else ""
    begin = f"a new {_alias(arrival.alias, arrival.part, parts)}{late}"
    if not arrival.lookups:
        return f"{begin} is a match"
    return f"{begin} finds {', then '.join(_lookup(look, parts) for look in arrival.lookups)}"


def _lookup(look: Lookup, parts: dict[int, PartPlan]) -> str:
    what = _alias(look.alias, look.part, parts)
    if look.by:
        return f"{what} by {', '.join(look.by)}"
    return f"{'the one' if parts[look.part].single else 'EVERY'} {what}"


def _alias(alias: str, number: int, parts: dict[int, PartPlan]) -> str:
    part = parts[number]
    name = "row that waits" if part.form == "wait" else "|".join(part.kinds) if alias.startswith("#") else alias
    return f"{name} {_number(number)}"


def _part(part: PartPlan) -> str:
    what = {"wait": "episodes and steps that wait", "count": f"count over {_number(part.of or 0)}"}.get(
        part.form, f"{part.form} {'|'.join(part.kinds)}"
    )
    where = f" where {', '.join(part.leaves)}" if part.leaves else ""
    held = f", held for {write_duration(part.held)}" if part.held else ""
    held += f", timed by {', '.join(part.ages)}" if part.ages else ""
    rules = f"; for {', '.join(part.rules)}" if part.rules else ""
    return f"{_number(part.number)} {what}{where}{held}: {_kept(part)}{rules}"


def _kept(part: PartPlan) -> str:
    lasts = write_duration(part.lasts or timedelta())
    groups = f" for each {', '.join(part.groups)}" if part.groups else ""
    kept = {
        "nothing": "nothing is kept",
        "events": f"keeps events for {lasts}",
        "states": "keeps what holds",
        "samples": f"keeps a sample of each row for {lasts}{groups}",
        "members": f"keeps who is counted{groups}",
        "waiting": "keeps a row until it is over",
    }[part.keeps]
    found = part.found_by if part.keeps != "nothing" else ()
    return kept + (f", found by {_either(found)}" if found else "")


def _either(paths: Iterable[tuple[str, ...]]) -> str:
    return " or by ".join(", ".join(path) for path in paths)


def _kind(kind: KindPlan) -> str:
    index = f", told apart by {kind.index}" if kind.index else ""
    count = len(kind.parts)
    tried = "" if count == kind.tried else f", of which {kind.tried} at most are tried"
    numbers = ", ".join(map(_number, kind.parts))
    return f"{kind.kind} ({kind.form}): {count} part{'s' * (count != 1)}{index}{tried}: {numbers}"


def _costs(plan: ProgramPlan) -> Iterator[str]:
    for cost in plan.costs:
        name = f"{', '.join(cost.rules)}: " if cost.rules else ""
        yield f"{name}{cost.why}"
        yield f"  = help: {cost.cure}"
    if not plan.costs:
        yield "nothing: every lookup is by a field, and no rule grows faster than what comes in"


def _matched(stage: StagePlan) -> str:
    """Give the rules of a stage: those it matches and decides on, those it only proposes, those it only decides on."""
    own = ", ".join(rule for rule in stage.rules if rule not in stage.proposed)
    proposed = f"proposes {', '.join(stage.proposed)}" if stage.proposed else ""
    decided = f"decides {', '.join(stage.decided)}" if stage.decided else ""
    return "; ".join(filter(None, (own, proposed, decided))) or "no rules"


def _division(plan: DivisionPlan) -> Iterator[str]:
    for stage in plan.stages:
        repeated = f"; again here: {', '.join(stage.repeated)}" if stage.repeated else ""
        yield f"stage {stage.number} by {stage.by}: {_matched(stage)}{repeated}"
        yield f"     items: {', '.join(stage.items) or 'none'}"
        if stage.everywhere:
            yield f"     every partition keeps and updates all of: {', '.join(stage.everywhere)}"
    for one in plan.undivided:
        yield f"{one.rule} ({one.ruleset}, line {one.line}) is not divided: {one.why}"
        yield f"  = help: {one.cure}"
