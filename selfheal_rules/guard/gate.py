"""All guards over one engine: what they watch, what they remember, and how a verdict comes about."""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from heapq import heappush
from itertools import chain
from typing import Any, TypeAlias

from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.guards import census, kin
from selfheal_rules.compile.plan import NEVER, Action, Census, Guarding, Plan, Ruling
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import ALLOWED, SHADOWED, Decision, Verdict
from selfheal_rules.decide.docket import ANY
from selfheal_rules.decide.episode import Episode
from selfheal_rules.decide.proposal import Flight, Proposal, Queue
from selfheal_rules.guard import storm
from selfheal_rules.guard.breaker import Breakers
from selfheal_rules.guard.brought import Brought
from selfheal_rules.guard.heeding import heed, refuse_unasked
from selfheal_rules.guard.inheriting import inherit
from selfheal_rules.guard.ledger import ANYTHING, Airborne, Book, Ledger
from selfheal_rules.guard.road import Road, Scopes, Surveyor, Words
from selfheal_rules.guard.site import site_guards
from selfheal_rules.guard.stage import Desk, queue_of, speaks
from selfheal_rules.guard.verdict import suppressed
from selfheal_rules.guard.view import View
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.network import Network
from selfheal_rules.match.populations import Listener, Population, Standing, scope_of
from selfheal_rules.model import RuleSet
from selfheal_rules.policy import HOUR, Policy, StandDown, Worked
from selfheal_rules.values import SECOND, microseconds

LEASE = 15 * 60 * SECOND
"""For how long an attempt counts as under way of which nobody tells the end, and whose step has no deadline."""
DAY = 86_400 * SECOND
SHADOW_MODE = Verdict("shadowed", "mode", "decided, not to be carried out: the site has this rule set in shadow")
SHADOW_FOLLOWS = Verdict("shadowed", "mode", "not to be carried out: a step before it was only shadowed, and not done")
NOT_BEFORE = frozenset({"limit", "cooldown", "backoff", "settle"})
"""The guards that know before which instant they let nothing pass; others may, as soon as something changes."""

Ear: TypeAlias = Callable[[Proposal, Words, int], None]
"""(proposal, what each stage says of it by name, now)."""


class Guards:
    """The gate of one engine: `STAGES`, the ledger they write, the view they read."""

    def __init__(self, program: Program, policy: Policy | None, memory: Memory, ledger: Ledger, max_age: int) -> None:
        """Bind a policy to a program; both were checked against each other."""
        self.plan: Plan = program.plan
        self.ledger = ledger
        self.policy = policy
        ledger.policy = None if policy is None else (policy.name, policy.source.text if policy.source else "")
        self.view = View(memory, policy, program.revisions, max_age)
        self.seed = self.view.seed
        self.tell_after = microseconds(policy.tell_after if policy else HOUR)
        rules = RuleSet(policy.name if policy else "", (), program.vocabulary)
        self.code = Code("site")
        self.site = site_guards(policy, rules, self.code) if policy else ()
        self.brought = Brought(self._declared(), ledger)
        self.breakers = Breakers(self._declared())
        self.inherited = inherit(self._declared(), ledger)
        self.actions = tuple(sorted(self._actions() | ledger.done.actions | ledger.shadow.actions))
        """All that was ever done, or may be."""
        self.queues = frozenset(map(queue_of, self._declared()))
        self.listeners: dict[str, list[Listener]] = {}
        self.watchers: list[tuple[Population, list[Guarding]]] = []
        self.standings: list[Standing] = []
        self.sparing: list[Population] = []
        """The populations of which so many have to stay healthy."""
        self._watch(rules)
        self._stirs = (*(one.stirred for one, _ in self.watchers), *(one.stirred for one in self.standings))
        """What changed of all that is watched."""
        self.events: dict[str, list[tuple[StandDown, Census]]] = {}
        for one in policy.stand_down if policy else ():
            for kind in one.pattern.kinds if one.pattern.form == "event" else ():
                fits = census(one.pattern, (), rules, self.code, doubted=True)
                self.events.setdefault(kind, []).append((one, fits))
        self.roads: dict[tuple[int, int, bool, bool], Road] = {}
        self.ear: Ear | None = None
        """Who is told what every stage says of each proposal, those behind the first that says no as well."""
        for flight in [*ledger.shadow.flights] if policy else ():
            ledger.shadow.land(flight)  # under a policy what is only shown is over at once, also if it began before
        self.window = max((one.per + one.wait + int(one.amount) for one in self._declared()), default=0) + DAY

    # What it says of itself

    @property
    def strict(self) -> bool:
        """Whether every decision is judged."""
        return self.policy is not None or self.ledger.killed is not None or bool(self.ledger.paused)

    @property
    def shadow_confirms(self) -> bool:
        """Whether a shadowed step counts as confirmed at once."""
        return self.policy is not None

    @property
    def acts(self) -> bool:
        """Whether the site lets any rule set act."""
        modes = (self.policy.mode, *(one.mode for one in self.policy.rulesets)) if self.policy else ()
        return "enforce" in modes

    @property
    def listens(self) -> bool:
        """Whether it must hear of every item."""
        return bool(self.policy and (self.policy.observers or self.events))

    def _declared(self) -> Iterator[Guarding]:
        yield from self.site
        for ruling in self.plan.rules:
            yield from ruling.guards

    def _actions(self) -> set[str]:
        steps = (step for ruling in self.plan.rules for step in ruling.every)
        return {step.action for step in steps if isinstance(step, Action) and step.acting}

    # Watching

    def _watch(self, rules: RuleSet) -> None:
        for guard in self._declared():
            if guard.census is not None:
                population = Population(guard.census, keen=guard.fresh != NEVER)
                self.view.populations[id(guard.census)] = population
                self.watchers.append((population, [guard]))
                self.sparing += [population] if guard.name == "min_healthy" else []
                self._listen(guard.census.fits, population)
        worked = [one for one in (self.policy.maintenance if self.policy else ()) if isinstance(one, Worked)]
        states = [one for one in (self.policy.stand_down if self.policy else ()) if one.pattern.form == "state"]
        for one in worked:
            self.view.standing[id(one)] = self._stand(one, rules)
        self.view.touched = tuple(self._stand(one, rules) for one in states)
        looked = {*map(_mark, worked), *map(_mark, states)}
        self.ledger.standing = {mark: kept for mark, kept in self.ledger.standing.items() if mark in looked}
        for within, level in zip(self.policy.topology if self.policy else (), self.view.topology.levels, strict=True):
            self._listen((within.kind,), level)

    def _stand(self, one: Worked | StandDown, rules: RuleSet) -> Standing:
        fits, kept = census(one.pattern, (), rules, self.code, doubted=True), self.ledger.standing
        standing = Standing(fits, one.target, one.owner, kept.setdefault(_mark(one), {}))
        self.standings.append(standing)
        self._listen(standing.census.fits, standing)
        return standing

    def _listen(self, kinds: Iterable[str], listener: Listener) -> None:
        for kind in kinds:
            self.listeners.setdefault(kind, []).append(listener)

    def attach(self, network: Network) -> None:
        """Watch the states that guards count, those that hold already included."""
        network.listeners = self.listeners
        for population, _ in self.watchers:
            population.rest()
        for kind, listeners in self.listeners.items():
            for record in network.memory.records.get(kind, {}).values():
                for listener in listeners:
                    listener.update(record, network.memory.now)
        for airborne in (*self.ledger.done.flights.values(), *self.ledger.shadow.flights.values()):
            for population in self.sparing if airborne.acting else ():
                population.occupy(airborne.target)
        for population, _ in self.watchers:
            population.stirred.clear()
        for place, guard in self.inherited:
            storm.observe(place, guard, 0, self.ledger, self.view, network.memory.now)
        self.inherited.clear()

    def stirred(self) -> bool:
        """Whether something changed that held steps may wait for."""
        return any(self._stirs)

    def observe(self, now: int) -> list[Queue]:
        """Note what changed, and give what may wait for it."""
        queues: list[Queue] = []
        if not any(self._stirs):
            return queues
        for population, guards in self.watchers:
            stirred = {**population.stirred}
            population.stirred.clear()
            for scope, fell in stirred.items():
                for guard in guards:
                    place = scope if guard.census and guard.census.by else ()
                    if guard.name in {"storm", "observer"}:
                        storm.observe((guard.key, place), guard, fell, self.ledger, self.view, now)
                    queues.append((guard.name, (queue_of(guard), place)))
        if any(one.stirred for one in self.standings):
            queues += [("maintenance", ANY), ("stand_down", ANY), ("settle", ANY)]
            for standing in self.standings:
                standing.stirred.clear()
        return queues

    def hear(self, item: Any) -> list[Queue]:  # noqa: ANN401 - an event or a state
        """Note who was heard of, and whom an event says a person has in hand."""
        queues: list[Queue] = []
        for observer in self.policy.observers if self.policy else ():
            if fnmatchcase(item.source, observer.source):
                self.ledger.heard[observer.source] = max(item.at, self.ledger.heard.get(observer.source, item.at))
                queues.append(("observer", ("source", observer.source)))
        for said, fits in self.events.get(item.kind, ()):
            target = item.fields.get(said.target) or ANYTHING
            if said.wait is not None and fits.fits[item.kind](item, self.view.memory.now):
                self.ledger.stand_down(target, item.at + microseconds(said.wait), f"`{item.kind}`")
        return queues

    # Judging

    def judge(self, proposal: Proposal, rivals: Iterable[Proposal], now: int) -> Verdict:
        """Ask every stage in its order; charge what all let through."""
        view, ledger, episode = self.view, self.ledger, proposal.episode
        view.rivals = rivals
        for book in (ledger.done, ledger.shadow):
            if book.ends and book.ends[0][0] <= now:
                self._expire(book, now)
        shadow = proposal.shadow = view.only_shows(proposal)
        place = (episode.rule, proposal.index, proposal.opens, shadow)
        road = self.roads.get(place) or self._lay(place, proposal)
        scopes = road.scopes(proposal)
        if proposal.opens and not episode.judged:
            episode.judged = True
            road.seen(proposal, scopes, now)
        if self.ear is not None:
            self.ear(proposal, road.tell(proposal, scopes, now), now)
        verdict = road.ask(proposal, scopes, now)
        if verdict is not None:
            if verdict.guard in road.refused:
                road.refused[verdict.guard](proposal, scopes, now)
            return self._in_time(proposal, verdict, now)
        flight = proposal.flight
        road.charge(proposal, scopes, now, flight)
        self._take_off(proposal, road, scopes, now, flight)
        if not proposal.shadow:
            return ALLOWED
        if self.policy is None:
            return SHADOWED
        episode.shadowed = episode.shadowed or proposal.acting
        return SHADOW_MODE if view.shadows(proposal) else SHADOW_FOLLOWS

    def yields(self, proposal: Proposal, rivals: Iterable[Proposal]) -> bool:
        """Whether a step would lose to one of these."""
        return any(self.view.loses(proposal, rival) for rival in rivals)

    def forbids(self, proposal: Proposal, now: int) -> str:
        """Say what in any mode forbids a step that was let through before; an empty text if nothing does."""
        view = self.view
        view.rivals = ()
        if view.shadows(proposal):
            return SHADOW_MODE.reason
        place = (proposal.episode.rule, proposal.index, proposal.opens, False)
        road = self.roads.get(place) or self._lay(place, proposal)
        verdict = road.forbids(proposal, road.scopes(proposal), now)
        return "" if verdict is None else verdict.reason

    def _expire(self, book: Book, now: int) -> None:
        for airborne in book.expire(now):
            self._free(airborne)

    def _free(self, airborne: Airborne) -> None:
        for population in self.sparing if airborne.acting else ():
            population.occupy(airborne.target, -1)

    def _lay(self, place: tuple[int, int, bool, bool], proposal: Proposal) -> Road:
        """Give the stages a step has to pass, bound to the guards that speak to it."""
        book = self.ledger.book(shadow=proposal.shadow)
        shadow = proposal.shadow
        desk = Desk(self.ledger, book, self.view, proposal.action, proposal.acting, shadow, self.actions)
        road = self.roads[place] = Surveyor(proposal, self.plan.rules[place[0]], self.site, desk, self.code).road()
        return road

    def _in_time(self, proposal: Proposal, verdict: Verdict, now: int) -> Verdict:
        """Refuse at once what could only be let through when its cause is too old; who works on the target knows."""
        if proposal.level or proposal.asked or not proposal.opens:
            return verdict
        until = None
        if verdict.guard == "maintenance":
            until = self.view.planned(self.view.names(proposal.target), now)
        elif verdict.guard in NOT_BEFORE and verdict.retry_at is not None:
            until = microseconds(verdict.retry_at)
        if until is None or until - proposal.since < self.view.max_age:
            return verdict
        reason = f"{verdict.reason}; by then its cause is too old to act on"
        is_anybodys = verdict.guard == "limit" or verdict.scope == (ANYTHING,)
        return suppressed(verdict.guard, reason, late=is_anybodys)

    def _take_off(self, proposal: Proposal, road: Road, scopes: Scopes, now: int, flight: Flight) -> None:
        """Note that an attempt is under way."""
        book, acting = self.ledger.book(shadow=proposal.shadow), proposal.acting
        if acting or road.guarded:
            lease = (road.lease if proposal.deadline is None else proposal.deadline) or LEASE
            ends = now + lease
            book.flights[flight] = Airborne(proposal, ends, road, scopes)
            heappush(book.ends, (ends, flight))
            for population in self.sparing if acting else ():
                population.occupy(proposal.target)
        book.charged += 1
        if book.charged >= book.brim:
            book.sweep(now - self.window)

    # What became of it

    def ended(self, flight: Flight, now: int, *, worked: bool | None) -> list[Queue] | None:
        """Note that an attempt is over, and give what waits for that; None where it is not under way."""
        for book in (self.ledger.done, self.ledger.shadow):
            airborne = book.land(flight)
            if airborne is not None:
                self._free(airborne)
                _, _, queues, breakers, strangers = airborne.taken
                made = [self.breakers.ended(heard, book, flight, now, worked=worked) for heard in breakers]
                told = [self.brought.ended(one, book, airborne.target, now, worked=bool(worked)) for one in strangers]
                return [*(self._known(*queue) for queue in queues), *chain(*made), *told]
        return None

    def _known(self, name: str, place: Any) -> Queue:  # noqa: ANN401 - any key
        """Give where that waits for the end of an attempt now which waited for it when it began."""
        return (name, place if name == "lock" or place[0] in self.queues else ANY)

    def failed(self, episode: Episode, now: int, index: int | None = None) -> list[Queue]:
        """Count what an episode did, or one step of it, as failed, for its breakers: it has not helped."""
        queues: list[Queue] = []
        if episode.rule < 0:
            return queues
        ruling = self.plan.rules[episode.rule]
        for number, step in enumerate(ruling.steps if index is None else ruling.every):
            decision = episode.steps[number].decision
            if decision is None or not getattr(step, "acting", False) or index not in {None, number}:
                continue
            book = self.ledger.book(shadow=decision.verdict.status == "shadowed")
            for shared, scope in dict.fromkeys(self._breakers(ruling, episode, decision)):
                queues += self.breakers.ended((shared, decision.action, scope), book, None, now, worked=False)
        return queues

    def _breakers(self, ruling: Ruling, episode: Episode, decision: Decision) -> Iterator[tuple[str, Any]]:
        for guard, values in zip(ruling.guards, episode.scopes, strict=False):
            if guard.name == "breaker":
                yield kin(guard.key), scope_of(values or ())
        for guard in self.site:
            if guard.name == "breaker" and speaks(guard, decision.action):
                yield kin(guard.key), self.view.scope(guard, decision.target)

    # Counting

    def told(self, proposal: Proposal, verdict: Verdict) -> None:
        """Count a verdict."""
        self._count(("decision", proposal.ruleset, proposal.rule, verdict.status, verdict.guard))

    def opened(self, episode: Episode, ruling: Ruling) -> None:
        """Count an episode, and whether it is a relapse of what was healed within a day."""
        self._count(("episode", ruling.ruleset, ruling.name, "opened"))
        healed = self.ledger.healed.get((ruling.ruleset, ruling.name, episode.key))
        if healed is not None and self.view.memory.now - healed < DAY:
            self._count(("episode", ruling.ruleset, ruling.name, "recurred"))

    def overdue(self, ruling: Ruling) -> None:
        """Count an episode that is held for so long that people are told."""
        self._count(("episode", ruling.ruleset, ruling.name, "held"))

    def closed(self, episode: Episode, ruling: Ruling) -> None:
        """Count how an episode ended, and let go of what people said of its steps."""
        self._count(("episode", ruling.ruleset, ruling.name, episode.status))
        if episode.status == "healed":
            healed, place = self.ledger.healed, (ruling.ruleset, ruling.name, episode.key)
            healed.pop(place, None)
            healed[place] = now = self.view.memory.now
            while healed and now - next(iter(healed.values())) >= DAY:
                del healed[next(iter(healed))]
        for progress in episode.steps if self.ledger.approvals else ():
            if progress.decision is not None:
                self.ledger.approvals.pop(progress.decision.id, None)

    def _count(self, what: tuple[str, ...]) -> None:
        self.ledger.counts[what] = self.ledger.counts.get(what, 0) + 1

    # What people say

    def control(self, said: Control, now: int) -> bool:
        """Take what somebody said; give whether it changes anything."""
        return heed(self.ledger, said, now)

    def admit(self, items: Iterable[Any]) -> None:
        """Hold what people say against what they were asked; `EventError` where it cannot be taken as things are."""
        for item in items:
            if isinstance(item, Control):
                refuse_unasked(self.ledger, item)


def _mark(one: Worked | StandDown) -> str:
    """Give what tells, over restarts, which states an entry of a policy is about."""
    return repr((one.pattern, one.target))
