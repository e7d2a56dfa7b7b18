"""All overlaps of some rule sets: rules with each other, and with other healers."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import reduce
from itertools import combinations, product
from operator import or_

from attrs import frozen

from selfheal_rules.actions import CATALOGUE, ActionType, risk_of
from selfheal_rules.check.opposed import opposites
from selfheal_rules.check.witness import written
from selfheal_rules.cloud import Cloud
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.model import Do, Literal, RuleSet
from selfheal_rules.survey.causes import Cause, causes
from selfheal_rules.survey.confirm import Act, Link, Proof, prove
from selfheal_rules.survey.containment import links
from selfheal_rules.survey.overlap import Healer, How, Overlap, Overlaps, Side, Unsolved
from selfheal_rules.survey.readers import Placed, Readers
from selfheal_rules.survey.shipped import healers
from selfheal_rules.survey.unsolved import met, obstacles
from selfheal_rules.values import Value

_TRIED = 4
"""In so many ways it is tried whether two act on one target for items of their own."""
_FENCE = "compute.fence"
_RISKS = ("none", "low", "high")


def find_overlaps(
    rulesets: Sequence[RuleSet], cloud: Cloud | None = None, progress: Callable[[int, int], None] = lambda _, __: None
) -> Overlaps:
    """
    Find who acts on what another acts on because of the same item, each with a stream the engine confirms.

    Other healers are those the cloud has, or all that are known. Two rules of which nothing was shown, and which may
    overlap all the same as one of them counts states, reckons, or rests on what the engine does, are told as unsolved.
    `progress` is told how many pairs were looked at, and of how many.

    Raises:
        RuleSetError: where the rule sets cannot run together.
    """
    named = healers() if cloud is None or cloud.healers is None else cloud.healers
    others = [rules for name, rules in healers().items() if name in named]
    program = compile_rules(*rulesets, *others)
    readers = Readers.of((*rulesets, *others), reduce(or_, (rules.vocabulary for rules in (*rulesets, *others))))
    own = {rules.name for rules in rulesets}
    acting = [one for one in (_Acting.of(placed, readers) for placed in readers.rules) if one.acts]
    found: list[Overlap] = []
    unsolved: list[Unsolved] = []
    pairs = list(combinations(acting, 2))
    for number, (first, second) in enumerate(pairs):
        progress(number, len(pairs))
        shown = _shown(first, second, program) if first.placed.ruleset.name in own else None
        if shown and second.placed.ruleset.name in own:
            found.append(_between(first, second, shown))
        elif shown:
            is_known = cloud is not None and cloud.healers is not None
            found.append(_with_healer(first, second, shown, is_known=is_known))
        elif second.placed.ruleset.name in own:
            unsolved += _open(first, second, readers, program)
    names = tuple(rules.name for rules in rulesets)
    return Overlaps(names, _count(rulesets), tuple(map(_healer, others)), tuple(found), tuple(unsolved))


def _open(first: "_Acting", second: "_Acting", readers: Readers, program: Program) -> Iterator[Unsolved]:
    """Tell of two rules that may overlap, and were not shown to, as one of them asks for what no stream here shows."""
    why = tuple(dict.fromkeys(said for one in (first, second) for said in obstacles(one.placed, readers)))
    pairs = [pair for pair in product(first.acts, second.acts) if _is_one_thing(*pair, program)] if why else []
    kind = next((kind for one, other in pairs if (kind := met([one], [other], readers, first.placed))), "")
    if kind:
        sides = [_side(one.placed, tuple(dict.fromkeys(act.action for act in one.acts))) for one in (first, second)]
        sets = ", ".join(dict.fromkeys(side.ruleset for side in sides))
        actions = ", ".join(dict.fromkeys(action for side in sides for action in side.actions))
        look = (
            f"write a case of both (`rulesets: [{sets}]`) in which one `{kind}` is part of why either acts; where both "
            f"do, let the site do one at a time: `guards: [{{max_in_flight: 1, by: [target], action: [{actions}]}}]`"
        )
        yield Unsolved(sides[0], sides[1], kind, why, look)


def _count(rulesets: Sequence[RuleSet]) -> int:
    return sum(len(rules.rules) for rules in rulesets)


@frozen(eq=False, repr=False)
class _Acting:
    """A rule that acts, and the ways in which it does."""

    placed: Placed
    acts: tuple[Act, ...]

    @classmethod
    def of(cls, placed: Placed, readers: Readers) -> "_Acting":
        """Look at a rule."""
        steps = [(step, action) for step in placed.dos if (action := _action(step))]
        ways = tuple(causes(placed, readers)) if steps else ()
        name = placed.ruleset.name, placed.view.rule.id
        found = [
            Act(name, way, action, target, str(step.target))
            for way in ways
            for step, action in steps
            if (target := _target(step, way)) is not None
        ]
        return cls(placed, tuple(found))

    @property
    def risk(self) -> int:
        """How much harm it may do."""
        return max(_RISKS.index(risk_of(act.action)) for act in self.acts)

    @property
    def asks(self) -> int:
        """How many items it wants to see."""
        return max(len(act.cause.parts) for act in self.acts)


def _action(step: Do) -> str:
    """Say what a step does, another healer's included; an empty text where it touches nothing."""
    told = step.params.get("action")
    if step.action == "noop":
        return str(told.value) if isinstance(told, Literal) else ""
    return step.action if risk_of(step.action) != "none" else ""


def _target(step: Do, way: Cause) -> tuple[int, tuple[str, ...]] | None:
    found = way.place(step.target)
    return found if isinstance(found, tuple) else None


@frozen(eq=False, repr=False)
class _Found:
    """A proof, and the two acts it was found for."""

    proof: Proof
    acts: tuple[Act, Act]

    def act_of(self, one: _Acting) -> Act:
        """Give the act of one of the two."""
        return next(act for act in self.acts if act.rule == one.acts[0].rule)


def _shown(first: _Acting, second: _Acting, program: Program) -> _Found | None:
    is_own = not any("project" in one.placed.ruleset.metadata for one in (first, second))
    tried: set[tuple[object, ...]] = set()
    for some in first.acts:
        for other in second.acts:
            linked = (None,) if _is_one_thing(some, other, program) else tuple(links(some, other)) if is_own else ()
            for link in linked:
                key = (id(some.cause), id(other.cause), some.target, other.target, link)
                found = prove(some, other, program, link) if key not in tried else None
                tried.add(key)
                if found:
                    return _Found(found, (some, other))
    return _apart(first, second, program)


def _apart(first: _Acting, second: _Acting, program: Program) -> _Found | None:
    """Look for the same or the opposite that is done to one target for two items, in a few ways of each."""
    tried: set[tuple[object, ...]] = set()
    for some, other in product(first.acts, second.acts):
        is_one = some.action == other.action or _is_against([some.action], [other.action])
        key = id(some.cause), id(other.cause), some.target, other.target
        if is_one and key not in tried and len(tried) < _TRIED and _is_one_thing(some, other, program):
            tried.add(key)
            found = prove(some, other, program, "apart")
            if found and _how(found) != "beside":
                return _Found(found, (some, other))
    return None


def _is_one_thing(some: Act, other: Act, program: Program) -> bool:
    """Whether two targets may be one: they are called alike, or the catalogue says the same of what they name."""
    names = some.target[1][-1], other.target[1][-1]
    if names[0] == names[1]:
        return True
    known: list[ActionType | None] = [CATALOGUE.get(act.action) for act in (some, other)]
    mine, theirs = known
    if not (mine and theirs and mine.target and mine.target == theirs.target):
        return False
    things = {kind.key[0] for kind in program.vocabulary.kinds.values() if len(kind.key) == 1}
    return not things.issuperset(names)  # a server is no stack, whatever takes the uuid of either


def _between(first: _Acting, second: _Acting, found: _Found) -> Overlap:
    """Tell of two rules."""
    proof = found.proof
    if proof.link:
        return _within(first, second, found, proof.link)
    winner, loser, why = _ranked(first, second, proof.lead)
    sides = _side(first.placed, proof.first), _side(second.placed, proof.second)
    shown, cure = written(proof.items), _cure(winner, loser, found)
    return Overlap(
        *sides, _how(proof), proof.kind, proof.target, shown, loser.placed.name, why, cure, is_apart=proof.is_apart
    )


def _within(first: _Acting, second: _Acting, found: _Found, link: Link) -> Overlap:
    """Tell of a rule about a thing and one about what is on it: the whole first, and the part yields."""
    proof = found.proof
    sides = [(_side(first.placed, proof.first), proof.target), (_side(second.placed, proof.second), proof.other)]
    (whole, target), (part, other) = sides if link.is_first_whole else sides[::-1]
    winner, loser = (first, second) if link.is_first_whole else (second, first)
    why = f"what becomes of the {link.outer} becomes of what is on it"
    return Overlap(
        whole, part, "within", proof.kind, target, written(proof.items), loser.placed.name, why,
        _way(winner, loser, found, link), other=other,
    )  # fmt: skip


def _with_healer(first: _Acting, second: _Acting, found: _Found, *, is_known: bool) -> Overlap:
    """Tell of a rule and another healer."""
    proof = found.proof
    told = second.placed.ruleset.metadata
    side = _side(second.placed, proof.second, str(told["project"]))
    is_ours = told["yielding"] == "rules"
    markers = _markers(second.placed.ruleset, found.act_of(first).target[1][-1])
    switch = f"switch it off: {told['switch']}"
    cure = (f"add to the policy, under `stand_down`: {markers}" if markers else switch) if is_ours else switch
    yields = first.placed.name if is_ours else str(told["project"])
    return Overlap(
        _side(first.placed, proof.first), side, _how(proof), proof.kind, proof.target,
        written(proof.items), yields, str(told["yields"]), cure, is_known, is_apart=proof.is_apart,
    )  # fmt: skip


def _side(placed: Placed, actions: tuple[str, ...], healer: str = "") -> Side:
    return Side(placed.ruleset.name, placed.view.rule.id, actions, healer, placed.view.rule.span)


def _how(proof: Proof) -> How:
    return "twice" if proof.is_twice else "against" if _is_against(proof.first, proof.second) else "beside"


def _is_against(some: Sequence[str], others: Sequence[str]) -> bool:
    pairs = {tuple(sorted((one, other))) for one in some for other in others}
    return bool(pairs & set(opposites()))


def _ranked(first: _Acting, second: _Acting, lead: timedelta) -> tuple[_Acting, _Acting, str]:
    """
    Say which of two rules goes first, and why.

    What fences a host makes all else safe, so it never yields. Else what decides later can know of the other; else
    what does less harm, then what asks for more, then file order.
    """
    fencing = [one for one in (first, second) if any(act.action == _FENCE for act in one.acts)]
    if len(fencing) == 1:
        return fencing[0], second if fencing[0] is first else first, "a fence never yields"
    if lead:
        pair = (first, second) if lead > timedelta() else (second, first)
        return *pair, f"`{pair[0].placed.name}` decides first, and is at work by then"
    if first.risk != second.risk:
        pair = (first, second) if first.risk < second.risk else (second, first)
        return *pair, f"`{pair[0].placed.name}` can do less harm"
    if first.asks != second.asks:
        pair = (first, second) if first.asks > second.asks else (second, first)
        return *pair, f"`{pair[0].placed.name}` asks for more before it acts"
    return first, second, f"`{first.placed.name}` stands first"


def _cure(winner: _Acting, loser: _Acting, found: _Found) -> str:
    """
    Say how the loser yields: it looks whether the winner is at work, or where it cannot, the site keeps them apart.

    An episode is known by the target of its first step; two that decide at one instant do not see each other.
    """
    mine, theirs = {act.action for act in winner.acts}, {act.action for act in loser.acts}
    if _is_late(loser, found):
        return f"name the winner in the policy: `conflicts: [[{', '.join((*sorted(mine), *sorted(theirs - mine)))}]]`"
    if found.act_of(winner).target != winner.acts[0].target:
        actions = ", ".join(sorted(mine & theirs or mine | theirs))
        return f"let the site do one at a time: `guards: [{{max_in_flight: 1, by: [target], action: [{actions}]}}]`"
    if not found.proof.lead and not mine & theirs:
        return f"name the winner in the policy: `conflicts: [[{', '.join((*sorted(mine), *sorted(theirs)))}]]`"
    where = f"{{rule: {winner.placed.view.rule.id}, target: {found.act_of(loser).written}}}"
    wait = "" if found.proof.lead else "let it wait for a moment with `for`, and "
    return f"{wait}add to `{loser.placed.name}`: `unless: [{{state: selfheal.episode, where: {where}}}]`"


def _is_late(loser: _Acting, found: _Found) -> bool:
    """Whether the loser decides before the winner, and cannot know of it."""
    lead = found.proof.lead
    return (lead if found.acts[0].rule == loser.acts[0].rule else -lead) > timedelta()


def _way(winner: _Acting, loser: _Acting, found: _Found, link: Link) -> str:
    """Say how what is done to a part yields to what is done to what it is on, which its rule may know already."""
    bound = loser.placed.view.names.items()
    there = next((name for name, found in bound if name[0] != "#" and found[0].pattern.kinds == (link.kind,)), "")
    episode = (
        "{state: selfheal.episode, where: "
        f"{{rule: {winner.placed.view.rule.id}, target: ${there or 'there'}.{link.outer}}}}}"
    )
    seen = f"{{as: there, state: {link.kind}, where: {{{link.inner}: {found.act_of(loser).written}}}}}"
    return f"add to `{loser.placed.name}`: `unless: [{episode if there else f'{{all: [{seen}, {episode}]}}'}]`"


def _markers(rules: RuleSet, target: str) -> str:
    """Give what a policy may say under `stand_down`, so that rules about such a target yield to the healer."""
    return ", ".join(f"`{one}`" for one in markers(rules, target))


def markers(rules: RuleSet, target: str = "") -> list[str]:
    """Give the marks of a healer as a policy takes them; with a `target` those that name such a thing."""
    project = str(rules.metadata["project"]).partition(",")[0]
    return [
        f"{{state: {one['state']}, where: {_said(one['where'])}, target: {one['target']}, "
        f"owner: {one.get('owner', project)}}}"
        for one in rules.metadata.get("markers", ())
        if target in {"", one["target"]}
    ]


def _said(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_said, value))}]"
    if isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str):
        return "{" + ", ".join(f"{name}: {_said(inner)}" for name, inner in value.items()) + "}"
    return value if re.fullmatch(r"\w[\w .]*", value) and value.lower() not in {"true", "false"} else json.dumps(value)


def _healer(rules: RuleSet) -> Healer:
    told = rules.metadata
    switch, recognised, yields = (str(told[name]) for name in ("switch", "recognised", "yields"))
    sources = tuple(map(str, told["sources"]))
    return Healer(rules.name, str(told["project"]), rules.description, switch, recognised, yields, sources)
