"""
What outlives a change of rules.

A rule that is the same keeps all it remembers; one that is new, or was changed, begins with what holds. Both programs
were lowered by one compiler, so an equal rule asks for as many parts and branches, in the same order: paired by place,
they say where what is remembered under the earlier plan belongs under the later. Open episodes take their rule along.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, field, frozen

from selfheal_rules.compile.arrangement import Arrangement, Lingering
from selfheal_rules.compile.plan import NEVER, Plan, Ruling
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.decision import REPLACED, Decision
from selfheal_rules.decide.episode import Episode
from selfheal_rules.decide.rounds import Rounds
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import State, check_item
from selfheal_rules.match.memory import AGE, FORGET, FORWARD, HEALTH, HELD, HOLD, JUDGE, LAPSE, TALLY, Memory
from selfheal_rules.match.network import Network
from selfheal_rules.match.rows import Match, Record, Row, Support
from selfheal_rules.match.supports import state_key, strength_of
from selfheal_rules.model import RuleSet
from selfheal_rules.values import canonical_key, moment

if TYPE_CHECKING:
    from selfheal_rules.match.judge import Found

    Firing: TypeAlias = tuple[Ruling, Any, list[Found]]

Name: TypeAlias = tuple[str, str]
"""A rule set and one of its rules."""


@frozen
class Carried:
    """
    What a restore under other rules carried over, and what not.

    Rules are named as `ruleset/rule`. `kept` remember what they did; `changed` and `added` begin with what holds;
    `lingering` are gone or changed, and carry `episodes` (their ids) to the end: those of which something was done.
    `dropped` are states whose kind is gone, or that do not fit it any more: the kind and the key.
    """

    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    lingering: tuple[str, ...] = ()
    episodes: tuple[str, ...] = ()
    dropped: tuple[tuple[str, tuple[Any, ...]], ...] = field(default=(), repr=False)


def _live(plan: Plan) -> dict[Name, Ruling]:
    return {(one.ruleset, one.name): one for one in plan.rules if not (one.watcher or one.lingers)}


@frozen
class Change:
    """Two programs, and how the rules of the later come together where those of the earlier have open episodes."""

    before: Program
    after: Program
    eras: tuple[int, ...]
    """The eras of the earlier program that go on."""
    carried: Carried

    @classmethod
    def between(cls, before: Program, after: Program, running: Iterable[Episode]) -> "Change":
        """Compare two programs rule by rule."""
        old, new, opened = _live(before.plan), _live(after.plan), list(running)
        kept = {name: old[name].era for name, one in new.items() if name in old and old[name].digest == one.digest}
        stay = {old[name].number for name in kept}
        numbers = sorted({one.rule for one in opened} - stay)
        lingering = [before.plan.rules[number] for number in numbers]
        eras = tuple(sorted({*kept.values(), *(one.era for one in lingering)}))
        fresh = {name: len(eras) for name in new if name not in kept}
        arrangement = Arrangement(
            {name: era for name, era in ({name: eras.index(era) for name, era in kept.items()} | fresh).items() if era},
            max(len(eras) + bool(fresh), 1),
            tuple(Lingering(_alone(one, before), eras.index(one.era)) for one in lingering),
        )
        carried = Carried(
            _names(kept),
            _names(name for name in fresh if name in old),
            _names(name for name in fresh if name not in old),
            _names(name for name in old if name not in new),
            _names((one.ruleset, one.name) for one in lingering),
            tuple(one.opening.id for one in opened if one.rule in numbers and not one.only_held),
        )
        return cls(before, after.arranged(arrangement), eras, carried)


def _names(names: Iterable[Name]) -> tuple[str, ...]:
    return tuple(f"{ruleset}/{rule}" for ruleset, rule in names)


def _alone(ruling: Ruling, program: Program) -> RuleSet:
    """Give the rule set of a ruling with no other rule in it."""
    sets = [*program.rulesets, *(one.ruleset for one in program.arrangement.lingering)]
    found = next(one for one in sets if one.name == ruling.ruleset and ruling.rule in one.rules)
    return evolve(found, rules=(ruling.rule,))


def _asked(ruling: Ruling, values: tuple[Any, ...]) -> tuple[str, str, str]:
    return ruling.ruleset, ruling.name, canonical_key(values)


class Graft:
    """Moves what an engine remembers from the earlier plan of a change to the later."""

    def __init__(self, change: Change, memory: Memory, running: Mapping[Any, Episode]) -> None:
        """Pair the rules that are the same."""
        self.old, self.new = change.before.plan, change.after.plan
        self.before = memory
        self.open = list(running.values())
        self.rules: dict[int, int] = {}
        self.branches: dict[int, int] = {}
        self.parts: dict[int, int] = {}
        self.followed: set[Match] = set()
        self.dropped: list[tuple[str, tuple[Any, ...]]] = []
        self.shaken: dict[tuple[str, Any], None] = {}
        """The concluded states that have lost a support."""
        places = {(one.ruleset, one.name, one.digest, one.era): one for one in self.new.rules if not one.watcher}
        for one in self.old.rules:
            if not one.watcher and one.era in change.eras:
                same = places.get((one.ruleset, one.name, one.digest, change.eras.index(one.era)))
                if same is not None:
                    self._pair(one, same)
        self.memory = self._memory(change.eras)

    def _pair(self, one: Ruling, other: Ruling) -> None:
        self.rules[one.number] = other.number
        for hidden, same in zip(one.hidden, other.hidden, strict=True):
            self._pair(self.old.rules[hidden], self.new.rules[same])
        if not other.lingers:
            self.branches.update(zip(one.branches, other.branches, strict=True))
            self.parts.update(zip(one.parts, other.parts, strict=True))

    def _memory(self, eras: Sequence[int]) -> Memory:
        before, after = self.before, Memory(self.new)
        for name in ("now", "max_age", "turn", "ticket", "marks", "seen"):
            setattr(after, name, getattr(before, name))
        begun = [before.begun[era] for era in eras]
        after.begun = begun + [before.now] * (self.new.eras - len(begun))
        return after

    # What is remembered

    def move(self, network: Network) -> None:
        """Move all that belongs to a rule that is the same."""
        self._matches()
        self._records(network)
        self._events(network)
        self._counts(network)
        self._waiting(network)
        self._timers()

    def _matches(self) -> None:
        before, after = self.before, self.memory
        for old, new in self.branches.items():
            after.matches[new], after.once[new] = before.matches[old], before.once[old]
            for match in (*after.matches[new].values(), *after.once[new]):
                match.branch = new
                self.followed.add(match)
        for old, new in self.rules.items():
            after.fired[new], after.sweep[new] = before.fired[old], before.sweep[old]
            if not self.new.rules[new].lingers:
                after.truths[new] = before.truths[old]

    def _records(self, network: Network) -> None:
        for kind, records in self.before.records.items():
            for record in records.values():
                if self._fits(record):
                    self._supports(record)
                    self.memory.records.setdefault(kind, {})[record.key] = record
                    record.rows = {self.parts[part]: row for part, row in record.rows.items() if part in self.parts}
                    self._enter(network, record.rows)

    def _fits(self, record: Record) -> bool:
        """Whether a record is one of its kind as it is now; if not, it is dropped, and said so."""
        entry = self.new.entries.get(record.kind)
        kind = entry.kind if entry else None
        if kind == self.old.entries[record.kind].kind:
            return True
        if record.supports:
            for support in record.supports:
                support.removed = True
            return False
        if kind is None:
            self.dropped.append((record.kind, record.values))
            return False
        try:
            check_item(State(record.kind, record.source, moment(record.at), record.fields), kind)
        except EventError:
            self.dropped.append((record.kind, record.values))
            return False
        record.values = tuple(record.source if name == "source" else record.fields.get(name) for name in kind.key)
        record.key = state_key(kind, record.values)
        return True

    def _supports(self, record: Record) -> None:
        """Keep the supports of rules that are the same, and what a step has concluded, whatever became of its rule."""
        kind = self.old.entries[record.kind].kind
        kept: dict[Support, None] = {}
        for support in record.supports:
            if support.rule in self.rules:
                support.rule, support.strength = self.rules[support.rule], None
            elif support.rule >= 0 and self.old.rules[support.rule].concludes:
                support.removed = True
                self.shaken[record.kind, record.key] = None
                continue
            elif support.rule >= 0:
                strength_of(support, self.old.rules[support.rule], kind)
                support.rule = -1
            kept[support] = None
            if support.lingers is not None:
                self.memory.lingering[support.rule, support.step, *support.lingers] = support
        record.supports, record.ranked = kept, None

    def _enter(self, network: Network, rows: Mapping[int, Row]) -> None:
        for part, row in rows.items():
            if not row.gone:
                network.enter(network.parts[part], row)

    def _events(self, network: Network) -> None:
        for old, new in self.parts.items():
            for row in self.before.recent[old]:
                self.memory.recent[new].append(row)
                network.enter(network.parts[new], row)

    def _counts(self, network: Network) -> None:
        before, after = self.before, self.memory
        for old, new in self.parts.items():
            after.tallies[new].update(before.tallies[old])
            after.lone[new].update(before.lone[old])
            after.pasts[new].update(before.pasts[old])
            after.homes[new].update(before.homes[old])
            after.groups[new].extend(before.groups[old])
            for tally in before.tallies[old].values():
                if tally.row is not None:
                    self._enter(network, {new: tally.row})

    def _waiting(self, network: Network) -> None:
        """Have the rows stand again with which open episodes wait to be confirmed, or to be healthy."""
        for episode in self.open:
            ruling = self.old.rules[episode.rule]
            steps = [*ruling.steps, *(ruling.recovery.otherwise if ruling.recovery else ())]
            hidden = [getattr(step, "confirm", -1) for step in steps]
            rows = [progress.await_row for progress in episode.steps]
            if ruling.recovery:
                hidden, rows = [*hidden, ruling.recovery.healthy], [*rows, episode.health_row]
            for number, row in zip(hidden, rows, strict=True):
                if row is not None:
                    self._enter(network, {self.new.waiting[self.rules[number]]: row})
            episode.rule = self.rules[episode.rule]

    def state(self, state: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give what the stages remember beside the memory: open episodes by their rule as it is numbered now."""
        _, numbered, known, *rest = state
        for episode in known.values():
            if episode.number not in numbered:
                episode.rule = self.rules.get(episode.rule, -1)
        return {(one.rule, one.key): one for one in self.open}, numbered, known, *rest

    # Timers

    def _timers(self) -> None:
        timers = []
        for due, ticket, purpose, subject in self.before.timers:
            moved = self._moved(purpose, subject)
            if moved is not None:
                timers.append((due, ticket, purpose, moved))
        heapify(timers)
        self.memory.timers = timers

    def _moved(self, purpose: int, subject: Any) -> Any:  # noqa: ANN401 - a timer is about whatever set it
        """Give the subject of a timer under the later plan; None where nobody waits for it any more."""
        if purpose in {HOLD, TALLY}:
            part = self.parts.get(subject[0])
            return None if part is None else (part, subject[1])
        if purpose == FORWARD:
            branch = self.branches.get(subject.branch)
            subject.branch = subject.branch if branch is None else branch
            return None if branch is None else subject
        return subject if self._lives(purpose, subject) else None

    def _lives(self, purpose: int, subject: Any) -> bool:  # noqa: ANN401 - the same
        if purpose == AGE:
            record: Record = subject[0]
            return self.memory.records.get(record.kind, {}).get(record.key) is record
        if purpose == JUDGE:
            return subject in self.followed
        if purpose == LAPSE:
            return not subject.removed
        return purpose in {FORGET, HELD} or (subject if purpose == HEALTH else subject[0]) in self.open

    # What follows

    def settle(self, rounds: Rounds) -> tuple[Decision, ...]:
        """
        Settle what the change brings about: nothing fires by it.

        Rows begin with the latest update of their records, what is concluded follows, and what is true at the end
        counts as already true. Of a rule that was changed or is gone, an episode of which nothing was done ends; where
        the changed rule is true of the same, that one asks anew. Then open episodes go on; what they decide is given.
        """
        memory, network = self.memory, rounds.network
        if memory.begun[0] == NEVER:
            return ()
        memory.turn += 1
        fallow = [one for one in self.open if self.new.rules[one.rule].lingers and one.only_held]
        again: list[Firing] = []
        rounds.supports.quiet = True
        for kind, key in self.shaken:
            rounds.supports.touch(kind, key)
        network.tallies.start()
        rounds.judge.start()
        for record in [record for records in memory.records.values() for record in records.values()]:
            network.record(record, record.at)
        for episode in rounds.episodes.known.values() if rounds.told["selfheal.episode"] else ():
            if (episode.opening.id,) not in memory.records.get("selfheal.episode", {}):
                rounds.tell(episode)
        while network.queue:
            ruled = rounds.ruled()
            for one in ruled:
                fired = rounds.firings.absorb(one)
                again += ((self.new.rules[one.rule], key, found) for key, found in fired.items())
            rounds.episodes.cancel((one.rule, key) for one in ruled for key in one.fallen)
        rounds.supports.quiet = False
        memory.turn += 1
        self._replace(rounds, fallow, again)
        decisions = tuple(rounds.settle())
        rounds.alarm()
        return decisions

    def _replace(self, rounds: Rounds, fallow: Iterable[Episode], again: Iterable["Firing"]) -> None:
        """Close what only the rules of before asked for; where those of now are true of the same, they ask."""
        asked = {_asked(self.new.rules[one.rule], one.opening.values): None for one in fallow}
        for episode in sorted(fallow, key=rounds.episodes.place):
            rounds.episodes.close(episode, "closed", REPLACED)
        for ruling, key, found in again:
            if _asked(ruling, found[0][0].values(found[0][1])) in asked:
                rounds.firings.open(ruling, key, found)
