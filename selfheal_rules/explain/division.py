"""How the stream of a program may be divided, as plain values."""

from attrs import frozen

from selfheal_rules.compile.deciding import Within
from selfheal_rules.compile.obstacles import Obstacle
from selfheal_rules.compile.program import Program
from selfheal_rules.compile.split import Stage
from selfheal_rules.compile.units import Fixed
from selfheal_rules.policy import Policy
from selfheal_rules.values import EMPTY


@frozen
class StagePlan:
    """
    Rules whose items are divided alike, by these fields; `all` of the stage that is not divided.

    `items` says where those of each kind go; those of a kind in `everywhere` cost each partition the memory and the
    time they cost one engine. `repeated` are rules that only conclude and are judged elsewhere, too; `proposed` those
    of the rules whose steps are decided in the stage that has them in `decided`.
    """

    number: int
    by: str
    rules: tuple[str, ...]
    repeated: tuple[str, ...]
    items: tuple[str, ...]
    everywhere: tuple[str, ...]
    proposed: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()


@frozen
class Undivided:
    """A rule that is not divided: why, what would help, and where in the file of its rule set that stands."""

    ruleset: str
    rule: str
    why: str
    cure: str
    line: int
    column: int


@frozen
class DivisionPlan:
    """The stages, the one that is not divided last, and the rules that stand in it."""

    stages: tuple[StagePlan, ...]
    undivided: tuple[Undivided, ...]


def explain_division(
    program: Program, fixed: Fixed = EMPTY, within: Within = EMPTY, policy: Policy | None = None
) -> DivisionPlan:
    """Say how the stream of a program may be divided; `fixed`, `within` and `policy` are as in `Program.split`."""
    found = program.split(fixed, within=within, policy=policy)
    return DivisionPlan(
        tuple(map(_stage, found.stages)), tuple(_undivided(one.rule, one.because) for one in found.rules if one.because)
    )


def _stage(stage: Stage) -> StagePlan:
    named = (stage.rules, stage.repeated, stage.proposed, stage.decided)
    rules, repeated, proposed, decided = (tuple(rule for _, rule in names) for names in named)
    items = tuple(route.kind if stage.is_global else str(route) for route in stage.routes)
    return StagePlan(stage.number, stage.name, rules, repeated, items, stage.everywhere, proposed, decided)


def _undivided(rule: tuple[str, str], because: Obstacle) -> Undivided:
    return Undivided(*rule, because.reason, because.help, because.span.line, because.span.column)
