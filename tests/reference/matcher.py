"""The reference: every input, timer and round of own items is one turn, and a turn looks at everything anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from selfheal_rules.events import Event, State, checked
from selfheal_rules.model import Conclude, RuleSet
from selfheal_rules.values import FrozenMap, Value, canonical, microseconds, moment
from selfheal_rules.vocabulary import Vocabulary
from tests.reference.conclusions import SOURCE, Conclusions, Ruling
from tests.reference.episodes import Acts, Conduct, Decided, Episode, Run, open_episode, present
from tests.reference.leaves import Clock, Reader
from tests.reference.levels import levels
from tests.reference.matching import Seen
from tests.reference.results import Mark, OutcomeLike, Result, View, present_fields, rulings_of
from tests.reference.rows import EventTable, Record, StateKey, StateTable, World, event_row
from tests.reference.search import Match

TEN_MINUTES = timedelta(minutes=10)


class Reference:
    """An engine without any cleverness."""

    def __init__(
        self, *rulesets: RuleSet, max_age: timedelta = TEN_MINUTES, max_ahead: timedelta | None = None
    ) -> None:
        """Begin with nothing seen."""
        self._run(rulesets, rulings_of(rulesets, None))
        self.max_age = microseconds(max_age)
        self.max_ahead = None if max_ahead is None else microseconds(max_ahead)
        self.world = World(Clock(0, 0), self.max_age)
        self.conclusions = Conclusions(self.world)
        self.now: int | None = None
        self.remembered: dict[tuple[str, str], int] = {}
        self.marks: dict[StateKey, Mark] = {}
        self.fired: set[tuple[int, str]] = set()
        self.true_keys: dict[int, set[str]] = {}
        self.episodes: list[Episode] = []
        self.decided: dict[str, tuple[Episode, Run, Decided]] = {}
        self.changes: list[int] = []
        self.tickets = count()
        self.hits: set[str] = set()
        """The rules that ever had a match."""
        self.shown: tuple[View, ...] = ()
        self.lingering: list[Ruling] = []
        """Rules that are gone and have open episodes."""
        self.owed: list[Decided] = []

    def _run(self, rulesets: tuple[RuleSet, ...], rulings: list[Ruling]) -> None:
        self.rulings = rulings
        self.levels = levels(self.rulings)
        self.doing = [ruling for ruling in self.rulings if not ruling.concludes_only]
        self.kinds = {name: kind for rules in rulesets for name, kind in rules.vocabulary.kinds.items()}
        self.vocabulary = Vocabulary("all", FrozenMap(self.kinds))

    def change(self, *rulesets: RuleSet) -> None:
        """Go on under other rules: the same ones as if nothing had been, the others with what holds."""
        before = {ruling.name: ruling for ruling in self.rulings}
        rulings = rulings_of(rulesets, self.now)
        for at, one in enumerate(rulings):
            old = before.get(one.name)
            if old and old.is_same(one):
                old.order, rulings[at] = one.order, old
        gone = dict.fromkeys(one.ruling for one in self._open() if one.ruling not in rulings)
        self.lingering = sorted(gone, key=lambda ruling: ruling.order)
        for at, one in enumerate(self.lingering):
            one.order = len(rulings) + at
        self._run(rulesets, rulings)
        self.conclusions.change([*rulings, *self.lingering])
        if self.now is not None:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Settle what the change brings about; what is true at the end has fired already."""
        self._at(self.now or 0)
        self.world.turn += 1
        self.conclusions.settle(self.kinds)
        for level in self.levels:
            for ruling in level:
                self.conclusions.judge(ruling)
            self.conclusions.settle(self.kinds)
        seen, keys = self._seen()
        conduct = Conduct(self.world, self.conclusions, Acts(tickets=self.tickets))
        for ruling, _, matches in self._risen(seen, keys):
            self.fired |= {(ruling.serial, match.mark) for match in matches}
        for episode in self._open():
            self._cancel(conduct, episode, keys)
        self.true_keys = keys
        self.conclusions.close_turn()
        result = Result()
        self._turns(Acts(), result)
        self.owed += result.decisions

    def post(self, item: Event | State | OutcomeLike) -> Result:
        """Take one input; what does not fit its kind is refused before anything changes."""
        if isinstance(item, Event | State):
            checked(item, self.vocabulary)
        at = microseconds(item.time)
        if self.max_ahead is not None and self.now is not None and at > self.now + self.max_ahead:
            return Result("ahead")
        result = self.advance(item.time) if self.now is None or at > self.now else Result()
        if isinstance(item, Event):
            result.disposition = self._take_event(item, result)
        elif isinstance(item, State):
            result.disposition = self._take_state(item, result)
        else:
            result.disposition = self._take_outcome(item, result)
        return result

    def advance(self, to: datetime) -> Result:
        """Let time pass, instant by instant."""
        result = Result(decisions=self.owed)
        self.owed = []
        until = microseconds(to)
        if self.now is None:
            self.now = until
            self.world.clock = Clock(until, until)
            self._turns(Acts(), result)
        while (due := self._next_instant(until)) is not None:
            self._at(due)
            self._turns(Acts(), result)
        self.now = max(self.now, until)
        return result

    def _next_instant(self, until: int) -> int | None:
        return min((at for at in self.world.clock.awaited if at <= until), default=None)

    def _at(self, now: int) -> None:
        self.now = max(self.now or 0, now)
        self.world.clock = Clock(self.now, self.world.clock.started)

    def _take_event(self, event: Event, result: Result) -> str:
        row = event_row(event, self.kinds[event.kind], self.world.turn + 1)
        now = self.now or 0
        clock = Clock(now, self.world.clock.started)
        name = (event.source, event.id)
        if not any(table.takes(row, clock) for table in self._event_tables()):
            return "unmatched"
        if name in self.remembered and now <= self.remembered[name] + self.max_age:
            return "duplicate"
        if now - event.at > self.max_age:
            return "stale"
        judged = self._turns(Acts(events=[event]), result)
        verdicts = [
            blocked for match, blocked in judged if row.identity in {one.identity for one in match.rows.values()}
        ]
        return "blocked" if verdicts and all(verdicts) else "matched"

    def _take_state(self, state: State, result: Result) -> str:
        kind = self.kinds[state.kind]
        key = tuple(state.source if name == "source" else state.fields[name] for name in kind.key)
        place = (state.kind, canonical(key))
        old, mark = self.world.records.get(place), self.marks.get(place)
        if old and state.at < old.at:
            return "stale"
        if mark and state.at < mark.at and (self.now or 0) < mark.at + self.max_age:
            return "stale"
        new = Record(kind, key, present_fields(state.fields), state.source, state.id, state.at, self.world.turn + 1)
        touched = self._reads(old) or (not state.cleared and self._reads(new))
        if state.cleared:
            self.world.records.pop(place, None)
            self.marks[place] = Mark(state.at)
        else:
            self.world.records[place] = new
            self.marks.pop(place, None)
        self._turns(Acts(), result)
        return "matched" if touched else "unmatched"

    def _reads(self, record: Record | None) -> bool:
        clock = Clock(self.now or 0, self.world.clock.started)
        return record is not None and any(table.fits(record, clock) for table in self._state_tables())

    def _take_outcome(self, outcome: OutcomeLike, result: Result) -> str:
        episode, run, decided = self.decided.get(outcome.decision_id, (None, None, None))
        if (
            episode is None
            or run is None
            or decided is None
            or self._is_forgotten(episode)
            or outcome.attempt not in {None, run.attempt}
        ):
            return "unmatched"
        acts = Acts()
        says = {"decision": decided.id, "action": decided.action, "status": outcome.status}
        says["target"] = "" if decided.target is None else decided.target
        acts.events.append(
            Event(
                f"{decided.id}/{run.attempt}/{outcome.status}",
                "selfheal.outcome",
                SOURCE,
                moment(self.now or 0),
                present(says),
            )
        )
        is_failure = outcome.status in {"failed", "refused"}
        self._turns(acts, result, failed=(episode, run) if is_failure else None)
        return "matched"

    def _is_forgotten(self, episode: Episode) -> bool:
        return episode.closed_at is not None and (self.now or 0) >= episode.closed_at + self.max_age

    def _all_bases(self) -> Iterator[EventTable | StateTable]:
        for ruling in self.rulings:
            for tables in ruling.all_tables():
                yield from tables.bases()
        for ruling in self.lingering:
            for _, tables in ruling.conditions.values():
                yield from tables.bases()

    def _event_tables(self) -> Iterator[EventTable]:
        return (table for table in self._all_bases() if isinstance(table, EventTable))

    def _state_tables(self) -> Iterator[StateTable]:
        return (table for table in self._all_bases() if isinstance(table, StateTable))

    def _turns(
        self, acts: Acts, result: Result, *, failed: tuple[Episode, Run] | None = None
    ) -> list[tuple[Match, bool]]:
        """Settle one turn, and the rounds its own items make; give what matches were judged in the first."""
        first: list[tuple[Match, bool]] | None = None
        if failed:
            own, acts = acts, Acts()
        while True:
            self._at(self.now or 0)
            self.world.turn += 1
            judged, following = self._turn(acts, failed)
            first = judged if first is None else first
            result.decisions += following.decisions
            if failed:
                following.events = own.events + following.events
                failed = None
            self._note_changes(bool(following.decisions))
            if not (following.events or following.concluded or following.shown):
                return first
            acts = following

    def _note_changes(self, decided: bool) -> None:  # noqa: FBT001 - one fact of the turn
        view = tuple(one for one in self.states() if one[0] != "selfheal.episode")
        if decided or view != self.shown:
            self.changes.append(self.now or 0)
        self.shown = view

    def _turn(self, given: Acts, failed: tuple[Episode, Run] | None) -> tuple[list[tuple[Match, bool]], Acts]:
        acts, judged = Acts(tickets=self.tickets), []
        self._forget_episodes()
        self._apply(given)
        for level in self.levels:
            judged += self._conclude(level)
        seen, keys = self._seen()
        judged += [one for found in seen.values() for one in found.judged]
        conduct = Conduct(self.world, self.conclusions, acts)
        if (
            failed
            and failed[0].is_open
            and failed[1] in failed[0].current
            and failed[1].status in {"issued", "confirmed"}
        ):
            conduct.fail(*failed)
        self._continue_episodes(conduct, keys)
        self._fire(conduct, seen, keys)
        conduct.meet_deadlines(self._open())
        self.true_keys = keys
        self.conclusions.close_turn()
        acts.shown = [one for one in self.episodes if one.status != one.shown_status]
        for decision in acts.decisions:
            self._remember(decision)
        return judged, acts

    def _open(self) -> list[Episode]:
        """Give the open episodes in the order of firings."""
        return sorted((episode for episode in self.episodes if episode.is_open), key=lambda one: one.place)

    def _remember(self, decision: Decided) -> None:
        episode = next(one for one in self.episodes if one.id == decision.episode and self._runs(one, decision))
        run = self._runs(episode, decision)[0]
        self.decided[decision.id] = (episode, run, decision)

    def _runs(self, episode: Episode, decision: Decided) -> list[Run]:
        runs = (run for run in [*episode.runs, *episode.otherwise] if run.label == decision.step)
        return [run for run in runs if run.attempt == decision.attempt and run.issued_at == self.now]

    def _forget_episodes(self) -> None:
        """Clear the state of an episode that closed long ago."""
        for episode in self.episodes:
            is_shown = episode.closed_at is not None and episode.shown_status and not episode.is_forgotten
            if is_shown and self.world.clock.reached((episode.closed_at or 0) + self.max_age):
                episode.is_forgotten = True
                self.world.records.pop(("selfheal.episode", canonical((episode.id,))), None)

    def _apply(self, acts: Acts) -> None:
        for event in acts.events:
            self._insert(event)
        for episode in acts.shown:
            self._show(episode)
        for concluded in acts.concluded:
            self.conclusions.take(concluded)
        self.conclusions.lapse_issued()
        self.conclusions.settle(self.kinds)

    def _insert(self, event: Event) -> None:
        """Let every pattern take an event that fits it, unless it is a repetition."""
        kind = self.kinds[event.kind]
        row = event_row(event, kind, self.world.turn)
        now, name = self.world.clock.now, (event.source, event.id)
        takers = [table for table in self._event_tables() if table.takes(row, self.world.clock)]
        known = name in self.remembered and now <= self.remembered[name] + self.max_age
        if takers and (not known or event.kind.startswith("selfheal.")):
            self.remembered[name] = now
            for table in takers:
                table.rows.append(row)

    def _show(self, episode: Episode) -> None:
        target = next((one.target for _, _, one in self.decided.values() if one.episode == episode.id), None)
        ruling = episode.ruling
        says = {"episode": episode.id, "ruleset": ruling.rules.name, "rule": ruling.rule.id, "status": episode.status}
        says["target"] = "" if target is None else target
        kind, now = self.kinds["selfheal.episode"], self.world.clock.now
        record = Record(kind, (episode.id,), FrozenMap(present(says)), SOURCE, "", now, self.world.turn)
        self.world.records[record.place] = record
        episode.shown_status = episode.status

    def _conclude(self, level: list[Ruling]) -> list[tuple[Match, bool]]:
        judged: list[tuple[Match, bool]] = []
        events: list[Event] = []
        cleared: list[StateKey] = []
        for ruling in level:
            seen, posted, removed = self.conclusions.judge(ruling)
            judged, events, cleared = judged + seen.judged, events + posted, cleared + removed
            self.hits |= {ruling.rule.id} if seen.level or seen.instants else set()
        self.conclusions.clear(cleared)
        self.conclusions.settle(self.kinds)
        for event in events:
            self._insert(event)
        return judged

    def _seen(self) -> tuple[dict[int, Seen], dict[int, set[str]]]:
        """Look at the rules that do: give what each sees, and the keys for which it is true."""
        for ruling in [*self.doing, *self.lingering]:
            for tables in ruling.all_tables():
                tables.refresh(self.world)
        seen: dict[int, Seen] = {}
        keys: dict[int, set[str]] = {}
        for ruling in self.doing:
            found = seen[ruling.serial] = ruling.seeker.look(self.world)
            keys[ruling.serial] = {canonical(self._key(ruling, match)) for match in found.level}
            self.hits |= {ruling.rule.id} if found.level or found.instants else set()
        return seen, keys

    def _key(self, ruling: Ruling, match: Match) -> tuple[Value, ...]:
        reader, rule = Reader(ruling.rules, self.world.clock), ruling.rule
        if rule.key is not None:
            return tuple(reader.operand(one, match.bindings) for one in rule.key)
        first = next(step for step in rule.then if not isinstance(step, Conclude))
        return () if first.target is None else (reader.content(first.target, match.bindings),)

    def _continue_episodes(self, conduct: Conduct, keys: dict[int, set[str]]) -> None:
        for episode in self._open():
            self._cancel(conduct, episode, keys)
            conduct.carry_on(episode)

    def _cancel(self, conduct: Conduct, episode: Episode, keys: dict[int, set[str]]) -> None:
        """Cancel an episode whose ground is gone; that of a rule that is gone goes on without."""
        if episode.ruling.serial in keys:
            conduct.cancel(episode, keys[episode.ruling.serial], canonical(episode.key))
        else:
            episode.has_grounds = True

    def _fire(self, conduct: Conduct, seen: dict[int, Seen], keys: dict[int, set[str]]) -> None:
        firings = []
        for ruling, key, matches in self._risen(seen, keys):
            best = min(matches, key=lambda match: match.text)
            firings.append(((-ruling.rule.priority, ruling.order, key, best.text), ruling, best, matches))
        for place, ruling, best, matches in sorted(firings, key=lambda firing: firing[0]):
            self.fired |= {(ruling.serial, match.mark) for match in matches}
            busy = any(one.ruling.name == ruling.name and canonical(one.key) == place[2] for one in self._open())
            if not busy:
                self.episodes.append(open_episode(ruling, self._key(ruling, best), best))
                conduct.carry_on(self.episodes[-1])

    def _risen(self, seen: dict[int, Seen], keys: dict[int, set[str]]) -> Iterator[tuple[Ruling, str, list[Match]]]:
        """Give, for each rule and key that fires, the matches by which it does."""
        for ruling in self.doing:
            found = seen[ruling.serial]
            risen = keys[ruling.serial] - self.true_keys.get(ruling.serial, set())
            by_key: dict[str, list[Match]] = {}
            for match in [*found.level, *found.instants]:
                key = canonical(self._key(ruling, match))
                is_firing = match.alternative.is_instant or key in risen
                if is_firing and (ruling.serial, match.mark) not in self.fired:
                    by_key.setdefault(key, []).append(match)
            for key, matches in by_key.items():
                yield ruling, key, matches

    def states(self) -> tuple[View, ...]:
        """Give what holds, in order."""
        found = ((kind, key, canonical(record.fields), record.at) for (kind, key), record in self.world.records.items())
        return tuple(sorted(found))
