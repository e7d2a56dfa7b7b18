"""
From rule sets to a plan: rules numbered in the order they are judged, their branches, parts and steps.

Rules that conclude come first, level by level (those that clear last in each); then the hidden rules that confirm steps
and see episodes healthy; then the rules that do.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from attrs import define, evolve, field

from selfheal_rules.check.graph import levels
from selfheal_rules.compile.arrangement import AS_WRITTEN, Arrangement, Lingering
from selfheal_rules.compile.branches import expand, span
from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.drafts import PartDraft, Register
from selfheal_rules.compile.folds import Lowered, folded
from selfheal_rules.compile.guards import rule_guard, rule_scopes, sharing
from selfheal_rules.compile.joints import Joint, lower_branch, waiting_part
from selfheal_rules.compile.plan import (
    Action,
    Branching,
    Conclusion,
    Entry,
    Part,
    Plan,
    Probe,
    Recovery,
    Ruling,
    Seed,
    Taker,
)
from selfheal_rules.compile.probes import probe
from selfheal_rules.compile.roads import paved, telling
from selfheal_rules.compile.scope import Scope, parameters, waiting_kind
from selfheal_rules.compile.steps import (
    Written,
    action,
    conclusion,
    inner_aliases,
    key_functions,
    key_parts,
    kind_names,
    outer_references,
    rebind,
    resting,
)
from selfheal_rules.model import Conclude, Do, Group, Parameter, Reference, Rule, RuleSet, Step
from selfheal_rules.vocabulary import Kind


@define(eq=False, repr=False)
class Lowering:
    """The plan while rules are added to it."""

    code: Code
    register: Register
    concluded: frozenset[str]
    rules: list[Ruling] = field(factory=list)
    branches: list[Branching] = field(factory=list)
    waiting: dict[int, int] = field(factory=dict)
    arrangement: Arrangement = AS_WRITTEN
    kinds: dict[tuple[str, str], str] = field(factory=dict)
    written: dict[int, Written] = field(factory=dict)

    def joints(
        self,
        number: int,
        when: Group,
        scope: Scope,
        *,
        concludes: bool = False,
        wait: PartDraft | None = None,
        key: object = (),
    ) -> tuple[Joint, ...]:
        """Lower the branches of a condition."""
        found = []
        for branch in expand(when, scope.rules):
            joint = Joint(number, len(self.branches), branch, self.register, scope, concludes, wait, self.concluded)
            joint.heed(key)
            self.branches.append(lower_branch(joint))
            found.append(joint)
        return tuple(found)


def lower(rulesets: Sequence[RuleSet], name: str, arrangement: Arrangement = AS_WRITTEN) -> Plan:
    """Give the plan of checked rule sets, and of what lingers."""
    ordered = _ordered(rulesets)
    code = Code(name)
    concluded = frozenset(step.kind for _, rule, _ in ordered for step in rule.then if isinstance(step, Conclude))
    lowering = Lowering(code, Register(code), concluded, arrangement=arrangement)
    concluding = [entry for entry in ordered if _concludes(entry[1])]
    doing = [entry for entry in ordered if not _concludes(entry[1])]
    gone = [(one, one.ruleset.rules[0], len(ordered) + at) for at, one in enumerate(arrangement.lingering)]
    for rules, rule, order in concluding:
        _lower_rule(lowering, len(lowering.rules), rules, rule, order)
    first = len(concluding)
    proposed, decided = frozenset(arrangement.proposed), frozenset(arrangement.decided)
    here = [rule for rules, rule, _ in doing if (rules.name, rule.id) not in proposed]
    hidden = sum(map(_watched, (*here, *(rule for _, rule, _ in gone))))
    lowering.rules += [_PLACE] * hidden
    free = iter(range(first, first + hidden))
    for rules, rule, order in doing:
        if (rules.name, rule.id) in proposed:
            _lower_rule(lowering, len(lowering.rules), rules, rule, order)
        elif (rules.name, rule.id) in decided:
            _lower_lingering(lowering, Lingering(rules, 0), rule, order, free)
        else:
            _lower_doing(lowering, rules, rule, order, free)
    for one, rule, order in gone:
        _lower_lingering(lowering, one, rule, order, free)
    return _finish(lowering, rulesets)


def _lower_lingering(lowering: Lowering, one: Lingering, rule: Rule, order: int, free: Iterator[int]) -> None:
    """Lower what the steps of an open episode still wait for; what it opened on is lowered aside, and never judged."""
    number, branches, rules = len(lowering.rules), len(lowering.branches), one.ruleset
    register, lowering.register = lowering.register, Register(lowering.code)
    lowering.register.era = register.era = one.era
    _lower_rule(lowering, number, rules, rule, order)
    lowering.register = register
    aside = lowering.branches[branches:]
    lowering.branches[branches:] = [evolve(branch, level=False, remembers=False) for branch in aside]
    _add_steps(lowering, number, rule, free)
    kept = lowering.rules[number]
    lowering.rules[number] = evolve(kept, branches=(), parts=(), era=one.era, lingers=True, simple=False)


def _ordered(rulesets: Sequence[RuleSet]) -> list[tuple[RuleSet, Rule, int]]:
    level = levels(rulesets)
    pairs = [(rules, rule) for rules in rulesets for rule in rules.rules]
    numbered = [(rules, rule, order) for order, (rules, rule) in enumerate(pairs)]
    return sorted(
        numbered,
        key=lambda entry: (level.get((entry[0].name, entry[1].id), len(pairs)), _clears(entry[1]), entry[2]),
    )


def _concludes(rule: Rule) -> bool:
    return all(isinstance(step, Conclude) for step in rule.then)


def _clears(rule: Rule) -> bool:
    return any(isinstance(step, Conclude) and step.cleared for step in rule.then)


def _watched(rule: Rule) -> int:
    confirms = sum(isinstance(step, Do) and step.confirm is not None for step in rule.then)
    otherwise = rule.outcome.otherwise if rule.outcome else ()
    return confirms + sum(step.confirm is not None for step in otherwise) + (rule.outcome is not None)


_PLACE = Ruling(-1, Rule("", Group("all", ()), ()), "", "", 0, ())
"""Where a hidden rule will stand."""


def _lower_rule(lowering: Lowering, number: int, rules: RuleSet, rule: Rule, order: int) -> None:
    concludes = _concludes(rule)
    scope = Scope(rules)
    register = lowering.register
    era = lowering.arrangement.eras.get((rules.name, rule.id), 0)
    register.era, asked = era, len(register.asked)
    joints = lowering.joints(number, rule.when, scope, concludes=concludes, key=key_parts(rule, rules))
    _key(lowering, joints, rule, rules)
    steps: tuple[Action | Conclusion, ...] = ()
    written = lowering.written[number] = Written(rules, lowering.code, joints)
    if concludes:
        steps = tuple(conclusion(step, written) for step in rule.then if isinstance(step, Conclude))
    lowering.rules.append(
        Ruling(
            number,
            rule,
            rule.id,
            rules.name,
            order,
            tuple(joint.number for joint in joints),
            steps,
            concludes=concludes,
            digest=_digest(lowering, rule, rules),
            era=era,
            parts=tuple(register.asked[asked:]),
        )
    )


def _key(lowering: Lowering, joints: tuple[Joint, ...], rule: Rule, rules: RuleSet) -> None:
    parts = key_parts(rule, rules)
    for joint in joints:
        key, values = key_functions(joint, parts)
        grouped = _is_grouped(lowering, joint, parts)
        branch = lowering.branches[joint.number]
        lowering.branches[joint.number] = evolve(branch, key=key, values=values, grouped=grouped)


def _is_grouped(lowering: Lowering, joint: Joint, key: tuple[object, ...]) -> bool:
    counted = joint.parts[joint.aliases[0]].counted if len(joint.aliases) == 1 else None
    if counted is None or not counted.rising or counted.open or lowering.register.parts[counted.part].form != "event":
        return False
    told = {".".join(one.path) for one in key if isinstance(one, Reference)}
    return told.issuperset(counted.names)


def _lower_doing(lowering: Lowering, rules: RuleSet, rule: Rule, order: int, free: Iterator[int]) -> None:
    number = len(lowering.rules)
    _lower_rule(lowering, number, rules, rule, order)
    _add_steps(lowering, number, rule, free)


def _add_steps(lowering: Lowering, number: int, rule: Rule, free: Iterator[int]) -> None:
    written = lowering.written[number]
    names = {step.id: index for index, step in enumerate(rule.then) if step.id}
    steps = tuple(_step(lowering, step, index, names, written, rule, free) for index, step in enumerate(rule.then))
    recovery = _recovery(lowering, rule, written, free)
    guards = sharing(rule_guard(guard, f"{written.rules.name}/{rule.id}", written) for guard in rule.guard)
    lingers = any(one.name == (written.rules.name, rule.id) for one in lowering.arrangement.lingering)
    every = (*steps, *(recovery.otherwise if recovery else ()))
    simple = recovery is None and not (guards or lingers)
    simple = simple and all(isinstance(step, Action) and step.confirm < 0 and step.deadline is None for step in steps)
    lowering.rules[number] = evolve(
        lowering.rules[number],
        steps=steps,
        recovery=recovery,
        every=every,
        rests=tuple(resting(step, every, lowering.rules, lowering.branches) for step in every),
        simple=simple,
        actions=tuple(step for step in steps if isinstance(step, Action)),
        fixed=simple and not any(isinstance(step, Action) and step.params for step in steps),
        guards=guards,
        scopes=rule_scopes(rule.guard, written) if guards else {},
        acts=any(isinstance(step, Action) and step.acting for step in steps),
    )


def _step(
    lowering: Lowering,
    step: Step,
    index: int,
    names: Mapping[str, int],
    written: Written,
    rule: Rule,
    free: Iterator[int],
) -> Action | Conclusion:
    previous = (index - 1,) if index else ()
    after = previous if step.after is None else tuple(names[name] for name in step.after)
    if isinstance(step, Conclude):
        return evolve(conclusion(step, written), after=after)
    lowered = action(step, step.id or str(index), index, after, written)
    if step.confirm is None:
        return lowered
    hidden, used = _hide(lowering, step.confirm.condition, written, rule, free)
    return evolve(lowered, confirm=hidden, awaits=written.awaits(used))


def _recovery(lowering: Lowering, rule: Rule, written: Written, free: Iterator[int]) -> Recovery | None:
    ending = rule.outcome
    if ending is None:
        return None
    hidden, used = _hide(lowering, ending.healthy, written, rule, free)
    start = len(rule.then)
    names = {step.id: start + index for index, step in enumerate(ending.otherwise) if step.id}
    otherwise: list[Action] = []
    for index, step in enumerate(ending.otherwise):
        lowered = _step(lowering, step, start + index, names, written, rule, free)
        if isinstance(lowered, Action):
            after = (start + index - 1,) if index else ()
            otherwise.append(evolve(lowered, after=after) if step.after is None else lowered)
    within = span(written.rules, ending.within) or 0
    return Recovery(hidden, written.awaits(used), within, tuple(otherwise))


def _hide(
    lowering: Lowering, condition: Group, written: Written, rule: Rule, free: Iterator[int]
) -> tuple[int, tuple[Reference, ...]]:
    number, asked = next(free), len(lowering.register.asked)
    used = outer_references(condition)
    kind = _waiting_kind(written, used)
    wait = waiting_part(number, kind, lowering.register)
    bound = rebind(condition, inner_aliases(condition))
    scope = Scope(written.rules)
    joints = lowering.joints(number, bound, scope, wait=wait)
    lowering.waiting[number] = wait.number
    branches = tuple(joint.number for joint in joints)
    parts, era = tuple(lowering.register.asked[asked:]), lowering.register.era
    lowering.rules[number] = Ruling(
        number, rule, rule.id, written.rules.name, 0, branches, watcher=True, era=era, parts=parts
    )
    return number, used


def _waiting_kind(written: Written, used: tuple[Reference, ...]) -> Kind:
    return waiting_kind(written.joints[0].scope, used)


def _digest(lowering: Lowering, rule: Rule, rules: RuleSet) -> str:
    """Give what tells a changed rule from an unchanged one: its text, the parameters it uses, the kinds it names."""
    values = [(name, rules.value(Parameter(name))) for name in parameters(rule)]
    kinds = [_kind(lowering, name, rules) for name in kind_names(rule)]
    return _hash((rules.name, rule, values, kinds))[:32]


def _kind(lowering: Lowering, name: str, rules: RuleSet) -> str:
    known = lowering.kinds.get((rules.name, name))
    if known is None:
        known = lowering.kinds[rules.name, name] = _hash(rules.vocabulary.kinds.get(name))
    return known


def _hash(part: object) -> str:
    return sha256(repr(part).encode()).hexdigest()


def _finish(lowering: Lowering, rulesets: Sequence[RuleSet]) -> Plan:
    parts = tuple(_part(draft, lowering.code) for draft in lowering.register.parts)
    entries = _entries(rulesets, lowering)
    register, written = lowering.register, lowering.written
    whole = Lowered(lowering.rules, lowering.branches, parts, entries, written, lowering.code, register.paths)
    paved_entries, paved_parts = paved(whole, register.parts)
    return Plan(
        entries=paved_entries,
        parts=paved_parts,
        branches=telling(whole),
        rules=folded(whole),
        exchanges=register.exchanges,
        eras=lowering.arrangement.count,
        waiting=dict(lowering.waiting),
        flushes=_flushes(lowering),
        source=lowering.code.source(),
    )


def _part(draft: PartDraft, code: Code) -> Part:
    direct = tuple(one.seed for one in draft.seeds if one.partner < 0)
    return Part(
        draft.number,
        draft.form,
        tuple(kind.name for kind in draft.kinds),
        draft.negative,
        draft.held,
        draft.keep,
        draft.late,
        tuple((exchange, code[key]) for exchange, key in draft.indexes.items()),
        draft.ages,
        direct,
        _probes(draft, code),
        tuple(draft.watches),
        tuple(draft.counts),
        draft.counted,
        draft.taker,
        draft.heeded,
        draft.scanned,
        lazy=draft.keep > 0 and not (draft.eager or draft.scanned or draft.watches),
        era=draft.era,
    )


def _probes(draft: PartDraft, code: Code) -> tuple[Probe, ...]:
    grouped: dict[tuple[int, str], dict[int, list[Seed]]] = {}
    for one in draft.seeds:
        if one.partner >= 0:
            grouped.setdefault((one.exchange, one.key), {}).setdefault(one.partner, []).append(one.seed)
    return tuple(
        Probe(exchange, code[key], {partner: tuple(seeds) for partner, seeds in partners.items()})
        for (exchange, key), partners in grouped.items()
    )


def _entries(rulesets: Sequence[RuleSet], lowering: Lowering) -> dict[str, Entry]:
    kinds = {name: kind for rules in rulesets for name, kind in rules.vocabulary.kinds.items()}
    takers: dict[str, list[PartDraft]] = {name: [] for name in kinds}
    for draft in lowering.register.parts:
        if draft.taker:
            for kind in draft.kinds:
                if kinds.get(kind.name) == kind:  # what lingers takes nothing of a kind that is now another
                    takers[kind.name].append(draft)
    nobody = lowering.code[lowering.code.function("nobody", "i, now", ["    return None"])]
    return {
        name: _entry(kind, tuple(d.taker for d in takers[name] if d.taker), lowering.code)
        if takers[name]
        else Entry(kind, nobody, taken=False)
        for name, kind in kinds.items()
    }


def _entry(kind: Kind, takers: tuple[Taker, ...], code: Code) -> Entry:
    always = None if any(taker.tests for taker in takers) else tuple(taker.part for taker in takers)
    sole = takers[0].part if len(takers) == 1 else None
    return Entry(kind, code[probe(kind, takers, code)], always=always, sole=sole)


def _flushes(lowering: Lowering) -> dict[str, int]:
    last: dict[str, int] = {}
    for ruling in lowering.rules:
        for step in ruling.steps if ruling.concludes else ():
            if isinstance(step, Conclusion) and step.kind.form == "state":
                last[step.kind.name] = max(last.get(step.kind.name, 0), ruling.number)
    return last
