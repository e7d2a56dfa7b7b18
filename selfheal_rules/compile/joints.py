"""From a branch to what the engine runs: how its assignments are found, verified, blocked, picked and told apart."""

from collections.abc import Iterable, Iterator, Mapping

from attrs import define, evolve, field

from selfheal_rules.compile.blocks import Bound, block, enter_patterns, pick
from selfheal_rules.compile.branches import Branch, Negative, is_event
from selfheal_rules.compile.codegen import same_key
from selfheal_rules.compile.drafts import PartDraft, Register, SeedDraft, row_key
from selfheal_rules.compile.nests import Condition, Nest, conditions, formula_condition, join_condition
from selfheal_rules.compile.plan import Again, Best, Branching, Forward, Rows, Seed, Test, Watch
from selfheal_rules.compile.scope import WAIT, Scope, references
from selfheal_rules.model import Pattern, Reference
from selfheal_rules.vocabulary import Kind

PAIR = 2
_NUMBERS = frozenset({("count",), ("value",)})


@define(eq=False, repr=False)
class Joint:
    """One branch while it is lowered."""

    rule: int
    number: int
    branch: Branch
    register: Register
    scope: Scope
    concludes: bool
    wait: PartDraft | None = None
    concluded: frozenset[str] = frozenset()
    parts: dict[str, PartDraft] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Bind the patterns, and the waiting row where there is one."""
        if self.wait:
            self.scope = self.scope.bind(WAIT, self.wait.kinds[0], "w")
        bound = Bound(self.scope, (), ())
        self.scope, self.parts = enter_patterns(
            self.branch, bound, self.register, negative=False, prefix="r", heeded=False
        )
        if self.wait:
            self.parts[WAIT] = self.wait

    @property
    def reading(self) -> Scope:
        """
        The scope of what is read once a match is found: a joined value is read off the event that came last.

        The two are equal, and the rows before it lie where the processor has not been for a while.
        """
        last = self.branch.stages[-1] if self.branch.stages else self.branch.events
        nearer: dict[Reference, Reference] = {}
        for join in self.branch.joins:
            for here, there in ((join.left, join.right), (join.right, join.left)):
                alike = self.scope.type(here) == self.scope.type(there) and self.scope.type(here).name == "string"
                if there.alias in last and here.alias not in last and alike:
                    nearer.setdefault(here, there)
        return evolve(self.scope, nearer=nearer)

    def heed(self, key: object) -> None:
        """Note whose count matters as a number: of those that the condition, the key or a conclusion may read."""
        read = {ref.alias for ref in references((self.branch, key)) if ref.path in _NUMBERS}
        for alias, part in self.parts.items():
            part.heeded = part.heeded or self.concludes or self.wait is not None or alias in read

    @property
    def plain(self) -> tuple[Pattern, ...]:
        """The patterns that are joined, not picked."""
        return tuple(pattern for pattern in self.branch.patterns if pattern.pick is None)

    @property
    def picked(self) -> tuple[Pattern, ...]:
        """The patterns whose row is picked once the others are bound."""
        return tuple(pattern for pattern in self.branch.patterns if pattern.pick is not None)

    @property
    def bound(self) -> tuple[str, ...]:
        """The aliases of the joined rows in their order; the waiting row is first."""
        return ((WAIT,) if self.wait else ()) + tuple(pattern.alias for pattern in self.plain)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases of all rows of a match in their order."""
        return self.bound + tuple(pattern.alias for pattern in self.picked)

    @property
    def level(self) -> bool:
        """Whether the branch binds no single event."""
        return not any(is_event(pattern) for pattern in self.plain)


def lower_branch(joint: Joint) -> Branching:
    """Give the branch as the engine runs it, and hang its seeds and watches on its parts."""
    register, branch = joint.register, joint.branch
    _keep(joint)
    needed = _conditions(joint, joint.scope)
    for alias in joint.bound:
        joint.parts[alias].seeds.append(_seed(joint, alias))
    before = len(register.looked)
    around = Bound(joint.scope, branch.patterns, joint.aliases, branch.stages, branch.reach)
    last = len(branch.stages) - 1
    looking = [negative for negative in branch.negatives if negative.stage is None or negative.stage < last]
    trailing = [negative for negative in branch.negatives if negative.stage is not None and negative.stage == last]
    blocks = {id(negative): register.code[block(negative, around, register)] for negative in branch.negatives}
    between = [negative for negative in looking if joint.level and negative.stage is not None]
    looking = [negative for negative in looking if negative not in between]
    for negative in looking:
        _watch(joint, negative.branches)
    _watch_picks(joint)
    return Branching(
        joint.number,
        joint.rule,
        tuple(joint.parts[alias].number for alias in joint.bound),
        joint.aliases,
        joint.level,
        register.code[_verify(joint, needed)],
        held=branch.held or 0,
        inner=tuple(blocks[id(negative)] for negative in looking if not negative.outer),
        outer=tuple(blocks[id(negative)] for negative in looking if negative.outer),
        between=tuple(blocks[id(negative)] for negative in between),
        lasting=tuple(blocks[id(negative)] for negative in looking if joint.concludes and not negative.over_events),
        picks=_picks(joint),
        fits=register.code[_fits(joint)] if joint.picked else None,
        picked=_picked_formulas(joint),
        forward=_forward(joint, trailing, blocks) if trailing else None,
        plain=len(joint.bound) == 1 and not (needed or branch.joins),
        remembers=not joint.level and any(not is_event(pattern) for pattern in branch.patterns),
        still=register.code[_still(joint)],
        bare=not (branch.negatives or joint.picked or branch.held),
        timed=_is_timed(branch),
        looks=tuple(register.looked[before:]),  # last: what is written above has looked by now
    )


def _keep(joint: Joint) -> None:
    events = [pattern for pattern in joint.plain if is_event(pattern)]
    several = len(events) > 1 or any(negative.stage is not None for negative in joint.branch.negatives)
    for pattern in events:
        reach = _reach(joint.branch, pattern.alias)
        part = joint.parts[pattern.alias]
        part.eager = part.eager or not _is_last_event(joint, pattern.alias)
        if reach and (several or len(joint.bound) > 1):
            part.keep = max(part.keep, reach)
            part.late = part.late or several


def _reach(branch: Branch, alias: str) -> int:
    """Give how far from an event of this alias the furthest other event of its match may lie."""
    around = [spread for spread in branch.spreads if alias in spread.aliases]
    near = min((spread.within for spread in around), default=0)
    others = {other for spread in around for other in spread.aliases} - {alias}
    return max([near, *(min(spread.within for spread in around if other in spread.aliases) for other in others)])


def _is_last_event(joint: Joint, alias: str) -> bool:
    """Whether all others of its sequence are events before it, so that only late ones can look for it."""
    stages = joint.branch.stages
    return bool(stages) and stages[-1] == (alias,) and set(joint.bound) == set(joint.branch.events)


def _conditions(joint: Joint, scope: Scope) -> list[Condition]:
    names = {pattern.alias for pattern in joint.picked}
    plain = evolve(
        joint.branch,
        patterns=joint.plain,
        formulas=tuple(f for f in joint.branch.formulas if not names & {ref.alias for ref in references(f.term)}),
    )
    found = conditions(plain, scope, joint.register.code, (), negative=False)
    bounded = {alias for spread in joint.branch.spreads for alias in spread.aliases}
    found += [
        Condition(frozenset({alias}), f"{scope.turn(alias)} == m.turn")
        for alias in joint.branch.events
        if alias not in bounded and len(joint.bound) > 1
    ]
    if joint.wait:
        found += [
            Condition(frozenset({WAIT, pattern.alias}), f"{scope.turn(pattern.alias)} > w.turn")
            for pattern in joint.plain
            if is_event(pattern)
        ]
    return found


def _spreads(joint: Joint, seed: str) -> Iterator[Condition]:
    rows = joint.scope.rows
    events = [alias for alias in joint.bound if alias != WAIT and alias in joint.branch.events]
    if not events:
        return
    for spread in joint.branch.spreads:
        inside = [alias for alias in spread.aliases if alias in events]
        times = [f"{rows[alias]}.at" for alias in inside]
        least = times[0] if len(times) == 1 else f"min({', '.join(times)})"
        if seed not in events:
            old = " and ".join(f"{rows[alias]}.turn < m.turn" for alias in events)
            times.append(f"m.now if {old} else {times[0]}")
        if len(times) == PAIR and seed in events:
            text = f"{-spread.within} < {times[0]} - {times[1]} < {spread.within}"
            yield Condition(frozenset(inside), text)
        elif len(times) > 1:
            text = f"max({', '.join(times)}) - {least} < {spread.within}"
            yield Condition(frozenset(inside if seed in events else events), text)


def _limits(joint: Joint, seed: str) -> dict[str, str]:
    """Give the instant the other events of a match have to be later than, were this one in it."""
    limits: dict[str, int] = {}
    for spread in joint.branch.spreads if seed in joint.branch.events else ():
        for alias in spread.aliases if seed in spread.aliases else ():
            limits[alias] = min(limits.get(alias, spread.within), spread.within)
    now, constant = f"{joint.scope.rows[seed]}.at", joint.register.code.constant
    return {alias: f"{now} - {constant(within)}" for alias, within in limits.items()}


def _seed(joint: Joint, alias: str) -> SeedDraft:
    needed = _conditions(joint, evolve(joint.scope, fresh=alias if alias in joint.branch.events else ""))
    joins = tuple(j for j in joint.branch.joins if {j.left.alias, j.right.alias} <= set(joint.bound))
    needed += _spreads(joint, alias)
    nest = Nest(joint.register, joint.scope, joint.parts, joins, needed, limits=_limits(joint, alias))
    before = len(joint.register.looked)
    nest.write("out = []")
    nest.bind(alias)
    nest.pending += _own_joins(nest, alias)
    nest.bind()
    others = [other for other in joint.bound if other != alias]
    draft = SeedDraft(
        Seed(joint.rule, joint.number, _nothing, late_only=_is_late_only(joint, alias), level=joint.level), alias
    )
    for depth in range(len(others)):
        chosen = nest.next_of(others)
        others.remove(chosen)
        equal = nest.equalities(chosen)
        exchange, _ = nest.loop(chosen)
        alike = all(
            same_key(joint.scope.type(other), joint.scope.type(Reference(chosen, path))) for path, other in equal
        )
        if depth == 0 and exchange >= 0 and alike and not _may_come_later(joint, chosen):
            paths = tuple(other.path for _, other in equal)
            draft.exchange, draft.partner = exchange, joint.parts[chosen].number
            draft.key = row_key(paths, joint.scope.kinds[alias], joint.register.code)
    rows = "".join(f"{joint.scope.rows[other]}, " for other in joint.bound)
    nest.write(f"out.append(({rows}))")
    draft.lines = tuple(nest.lines)
    find = joint.register.code.function("find", f"{joint.scope.rows[alias]}, m", [*nest.lines, "    return out"])
    draft.seed = evolve(draft.seed, find=joint.register.code[find], looks=tuple(joint.register.looked[before:]))
    return draft


def _nothing(*_: object) -> list[Rows]:
    return []


def _own_joins(nest: Nest, alias: str) -> list[Condition]:
    own = [join for join in nest.joins if join.left.alias == join.right.alias == alias]
    nest.joins = tuple(join for join in nest.joins if join not in own)
    return [join_condition(join, nest.scope) for join in own]


def _may_come_later(joint: Joint, alias: str) -> bool:
    """Whether rows of the alias may still be concluded in the turn in which the seed is new."""
    part = joint.parts[alias]
    return part.form in {"count", "wait"} or any(kind.name in joint.concluded for kind in part.kinds)


def _is_late_only(joint: Joint, alias: str) -> bool:
    stages = joint.branch.stages
    return bool(stages) and alias in joint.branch.events and any(alias in stage for stage in stages[:-1])


def _unpack(joint: Joint, aliases: Iterable[str]) -> list[str]:
    order = joint.aliases
    return [f"    {joint.scope.rows[alias]} = rows[{order.index(alias)}]" for alias in aliases]


def _verify(joint: Joint, needed: list[Condition]) -> str:
    joins = [j for j in joint.branch.joins if {j.left.alias, j.right.alias} <= set(joint.bound)]
    texts = [condition.text for condition in needed] + [join_condition(join, joint.scope).text for join in joins]
    body = [*_unpack(joint, joint.bound), f"    return {' and '.join(f'({text})' for text in texts) or 'True'}"]
    return joint.register.code.function("verify", "rows, m", body)


def _still(joint: Joint) -> str:
    """Write the rows of a match as they are now; events never change."""
    states = {alias for alias in joint.aliases if joint.parts[alias].form != "event"}
    if not states:
        return joint.register.code.function("still", "rows", ["    return rows"])
    rows = [f"rows[{at}]{'.still()' if alias in states else ''}, " for at, alias in enumerate(joint.aliases)]
    return joint.register.code.function("still", "rows", [f"    return ({''.join(rows)})"])


def _picks(joint: Joint) -> tuple[Best, ...]:
    found = []
    aliases, patterns = joint.bound, joint.plain
    for pattern in joint.picked:
        bound = Bound(joint.scope, patterns, aliases)
        found.append(
            joint.register.code[pick(pattern, joint.branch, bound, joint.register, joint.parts[pattern.alias])]
        )
        aliases, patterns = (*aliases, pattern.alias), (*patterns, pattern)
    return tuple(found)


def _fits(joint: Joint) -> str:
    picked = {pattern.alias for pattern in joint.picked}
    whole = evolve(joint.branch, formulas=())
    texts = [
        c.text for c in conditions(whole, joint.scope, joint.register.code, (), negative=False) if c.needs & picked
    ]
    joins = [join for join in joint.branch.joins if {join.left.alias, join.right.alias} & picked]
    texts += [join_condition(join, joint.scope).text for join in joins]
    body = [*_unpack(joint, joint.aliases), f"    return {' and '.join(f'({text})' for text in texts) or 'True'}"]
    return joint.register.code.function("fits", "rows, m", body)


def _picked_formulas(joint: Joint) -> Test | None:
    names = {pattern.alias for pattern in joint.picked}
    formulas = [f for f in joint.branch.formulas if names & {ref.alias for ref in references(f.term)}]
    if not formulas:
        return None
    texts = [formula_condition(formula, joint.scope, joint.register.code).text for formula in formulas]
    body = [*_unpack(joint, joint.aliases), f"    return {' and '.join(texts)}"]
    return joint.register.code[joint.register.code.function("picked", "rows, m", body)]


def _forward(joint: Joint, trailing: list[Negative], blocks: Mapping[int, Again]) -> Forward:
    within = max(negative.within or 0 for negative in trailing)
    aliases = tuple(joint.aliases.index(alias) for alias in joint.branch.stages[-1])
    return Forward(aliases, within, tuple(blocks[id(negative)] for negative in trailing))


def _is_timed(branch: Branch) -> bool:
    """Whether its truth rests on a window: of its events, of a count, or of a negative that reads events."""
    counted = [pattern.count or pattern.aggregate for pattern in branch.patterns]
    return (
        bool(branch.spreads)
        or any(one is not None and one.within is not None for one in counted)
        or any(_reads_events(inner) for negative in branch.negatives for inner in negative.branches)
    )


def _reads_events(branch: Branch) -> bool:
    return bool(branch.events) or _is_timed(branch)


def _watch(joint: Joint, branches: tuple[Branch, ...], depth: int = 1) -> None:
    if not (joint.level or joint.concludes):
        return
    for branch in branches:
        around = Bound(joint.scope, joint.branch.patterns, joint.aliases)
        _, parts = enter_patterns(branch, around, joint.register, negative=depth % 2 == 1, prefix="q")
        for pattern in branch.patterns:
            if joint.level or not is_event(pattern):
                _hang(joint, pattern, branch, parts[pattern.alias])
        for negative in branch.negatives:
            _watch(joint, negative.branches, depth + 1)


def _watch_picks(joint: Joint) -> None:
    for pattern in joint.picked:
        if joint.level:
            _hang(joint, pattern, joint.branch, joint.parts[pattern.alias])


def _hang(joint: Joint, pattern: Pattern, branch: Branch, part: PartDraft) -> None:
    """Have changes of a part's rows lead to the matches they may block: by a join with a bound row, else to all."""
    pairs: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {}
    for join in branch.joins:
        for here, there in ((join.left, join.right), (join.right, join.left)):
            alike = there.alias in joint.bound and _are_alike(joint, pattern, part, here, there)
            if here.alias == pattern.alias and alike:
                pairs.setdefault(there.alias, {})[there.path] = here.path
    if not pairs or not joint.level:
        part.watches.append(Watch(joint.rule, joint.number))
        return
    alias, paths = next(iter(pairs.items()))
    ordered = sorted(paths.items())
    exchange = joint.register.index(joint.parts[alias], tuple(there for there, _ in ordered))
    own = tuple(path for _, path in ordered)
    key = row_key(own, part.kinds[0], joint.register.code)
    part.watches.append(Watch(joint.rule, joint.number, joint.parts[alias].number, exchange, joint.register.code[key]))


def _are_alike(joint: Joint, pattern: Pattern, part: PartDraft, here: Reference, there: Reference) -> bool:
    kind = part.kinds[0].type_at(here.path) if here.alias == pattern.alias else None
    return kind is not None and same_key(kind, joint.scope.type(there))


def waiting_part(rule: int, kind: Kind, register: Register) -> PartDraft:
    """Give the part of the rows that wait for a hidden rule."""
    draft, _ = register.part(("wait", rule), "wait", (kind,))
    return draft
