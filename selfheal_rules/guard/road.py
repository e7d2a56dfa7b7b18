"""
What a step of a rule has to pass, written out once as functions of its own: its stages in order, bound to their guards.

A guard of one rule, or of a site over one action, is always asked with the same settings, of the same memory. So each
is bound to them when the step is first judged, and what the generic loops over stages and settings would find out anew
for every step (who is asked, by what each goes, who takes note) is text: one call after the other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.guards import kin
from selfheal_rules.compile.plan import Guarding, Ruling
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Flight, Proposal
from selfheal_rules.guard.ledger import Airborne, Taken
from selfheal_rules.guard.lock import things
from selfheal_rules.guard.stage import ALWAYS, Desk, Phrase, Stage, queue_of, speaks
from selfheal_rules.guard.stages import stages
from selfheal_rules.guard.verdict import unknown
from selfheal_rules.guards import GUARDS
from selfheal_rules.match.populations import scope_of

RAW = frozenset({"lock", "maintenance"})
"""The guards of a rule whose values stand each for itself, and are not taken together as a key."""
CAPS = ("max_in_flight", "max_percent")
"""The guards that count what is under way."""

Scopes: TypeAlias = tuple[Any, ...]
"""What the guards of a step go by, each different one once."""
Note: TypeAlias = Callable[[Proposal, Scopes, int], Any]
"""Writes into the ledger what a verdict means for those to come."""
Words: TypeAlias = tuple[tuple[str, Verdict | None], ...]
"""What each stage says of a step, by name."""


@frozen(eq=False, repr=False)
class Road:
    """What a step of a rule has to pass, and what is noted of it on the way."""

    scopes: Callable[[Proposal], Scopes]
    ask: Callable[[Proposal, Scopes, int], Verdict | None]
    """The first word against a step."""
    tell: Callable[[Proposal, Scopes, int], Words]
    """What every stage says, those behind the first that says no as well."""
    forbids: Callable[[Proposal, Scopes, int], Verdict | None]
    """The first word of those that are asked once more right before the act."""
    seen: Note
    charge: Callable[[Proposal, Scopes, int, Flight], Any]
    """Charges budgets for an attempt, and has it take up the locks and caps it is under."""
    refused: Mapping[str, Note]
    """By the name of a verdict, what is noted where it is the word."""
    taken: Callable[[Airborne, Scopes], Taken]
    """What an attempt takes up, to be given back at its end."""
    lease: int
    """The longest a guard of the rule locks anything, in microseconds; 0 where none says so."""
    guarded: bool
    """Whether any guard is declared for it."""


class Surveyor:
    """Lays the road of one step over one desk."""

    def __init__(self, proposal: Proposal, ruling: Ruling, site: tuple[Guarding, ...], desk: Desk, code: Code) -> None:
        """Find out which guards speak to a step, and what each goes by."""
        self.acting, self.opens, self.desk, self.code = proposal.acting, proposal.opens, desk, code
        self.scope_of, self.within = code.constant(scope_of), code.constant(desk.view.topology.way)
        self.read: dict[Any, int] = {}
        """By what tells how a guard of the rule reads its values, where among those of the episode they stand."""
        self.scopes: dict[str, str] = {}
        """By how it is read off a proposal, the name of what guards go by; each is read once."""
        self.guards: dict[str, list[tuple[Guarding, str]]] = {}
        for number, guard in enumerate(ruling.guards if proposal.guarded else ()):
            self._take(guard, self._own(guard, number))
        for guard in site if proposal.acting else ():
            if speaks(guard, proposal.action):
                self._take(guard, self._within(guard.by) if guard.by else _alone(guard))

    def _take(self, guard: Guarding, text: str) -> None:
        scope = self.scopes.setdefault(text, f"by{len(self.scopes)}")
        self.guards.setdefault(guard.name, []).append((guard, scope))

    def _own(self, guard: Guarding, number: int) -> str:
        """Write how what a guard of the rule goes by is read."""
        if guard.scope is None:
            return _alone(guard)
        raw = guard.name in RAW
        read = f"proposal.episode.scopes[{self.read.setdefault((raw, *guard.scope.items()), number)}]"
        return read if raw else self._key(read, one=len(guard.by) == 1)

    def _within(self, names: tuple[str, ...]) -> str:
        """Write how what the target is in is read."""
        if "target" not in names:
            return f"within.keys[{names!r}]"
        found = ("proposal.target" if name == "target" else f"within.found.get({name!r})" for name in names)
        return self._key(_tuple(found), one=len(names) == 1)

    def _key(self, values: str, *, one: bool) -> str:
        """Write values as a key; one text, which nearly all are, is its own."""
        made = f"{self.scope_of}({values})"
        return f"(key if (key := {values})[0].__class__ is str else {self.scope_of}(key))" if one else made

    def road(self) -> Road:
        """Write it all out."""
        asking = [stage for stage in stages(self.guards) if self._is_asked(stage)]
        asked = {stage.name: [*self._asked(stage)] for stage in asking}
        told = {name: " or ".join(words for _, _, words in found) for name, found in asked.items()}
        return Road(
            self._read_scopes(),
            self._ask([one for found in asked.values() for one in found]),
            self._over(_tuple(f"({name!r}, {text})" for name, text in told.items())),
            self._over(" or ".join(told[stage.name] for stage in asking if stage.forbids)),
            self._over(_tuple(call for stage in asking if stage.seen for call in self._counted(stage, stage.seen))),
            self._over(_tuple((*self._charged(asking), *self._takes())), "proposal, scopes, now, flight"),
            {name: note for one in asking if one.refused for name, note in self._refused(one, one.refused)},
            self._over(self._taken(), "proposal, scopes"),
            max((guard.wait for guard, _ in self.guards.get("lock", ())), default=0),
            bool(self.guards),
        )

    def _read_scopes(self) -> Callable[[Proposal], Scopes]:
        made = _tuple(self.scopes)
        within = [f"    within = {self.within}(proposal.target)"] if "within." in made else []
        return self._function("scopes", "proposal", made, *within)

    # Writing

    def _function(self, name: str, arguments: str, result: str, *lines: str) -> Callable[..., Any]:
        return self.code[self.code.function(name, arguments, [*lines, f"    return {result}"])]

    def _over(self, result: str, arguments: str = "proposal, scopes, now") -> Callable[..., Any]:
        """Write a function of a proposal, what its guards go by, and mostly the time."""
        used = [name for name in self.scopes.values() if re.search(rf"\b{name}\b", result)]
        lines = [f"    {', '.join(self.scopes.values())}, = scopes"] if used else []
        return self._function("road", arguments, result or "None", *lines)

    def _is_asked(self, stage: Stage) -> bool:
        if stage.opens and not self.opens:
            return False
        reached = stage.reach == "every" or (stage.reach == "acting" and self.acting)
        return stage.name in self.guards or (reached and stage.heeds(self.desk.view))

    def _bound(self, stage: Stage, bind: Callable[[Any, Desk], Any]) -> Iterator[tuple[Any, str, Guarding | None]]:
        """Give what a stage is bound to, with what that goes by, and its guard, where it has one alone."""
        guards = self.guards.get(stage.name, [])
        if stage.reach == "declared":
            for guard, scope in guards:
                yield bind(guard, self.desk), scope, guard
        else:
            yield bind(tuple(guard for guard, _ in guards), self.desk), _tuple(scope for _, scope in guards), None

    def _written(self, phrase: Phrase, scope: str) -> str:
        names = {name: self.code.constant(value) for name, value in phrase.names.items()}
        return phrase.text.format(scope=scope, **names)

    def _ask(self, asked: list[tuple[tuple[str, ...], str, str]]) -> Callable[[Proposal, Scopes, int], Verdict | None]:
        """Write the first word against a step: nearly always no guard need be asked, which is told in one look."""
        needs = dict.fromkeys(need for some, _, _ in asked for need in some)
        each = self._over(" or ".join(words for _, words, _ in asked))
        if ALWAYS.text in needs:
            return each
        return self._over(f"{self.code.constant(each)}(proposal, scopes, now) if {' or '.join(needs)} else None")

    def _asked(self, stage: Stage) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """Give for each setting of a stage when there is need to ask, how it is asked then, and how in any case."""
        for asked, scope, guard in self._bound(stage, stage.bind):
            call, when = f"{self.code.constant(asked.judge)}(proposal, {scope}, now)", self._written(asked.when, scope)
            known, needs = "", [when]
            if stage.missing and guard is not None:
                said = unknown(stage.name, stage.missing, None, is_open=guard.is_open)
                known = f" if {scope} is not None else {self.code.constant(said)}"
                needs = [f"{scope} is None", when]
            yield tuple(needs), f"(({call} if {when} else None){known})", f"({call}{known})"

    def _noted(self, stage: Stage, bind: Callable[[Any, Desk], Phrase]) -> Iterator[str]:
        return (self._written(phrase, scope) for phrase, scope, _ in self._bound(stage, bind))

    def _counted(self, stage: Stage, bind: Callable[[Any, Desk], Phrase]) -> Iterator[str]:
        """Write what is counted, once where guards share a budget: each of them would count it again."""
        shared = set[tuple[str, str, str]]()
        for phrase, scope, guard in self._bound(stage, bind):
            shares = guard and (queue_of(guard) if is_brought(guard.name) else guard.key)
            budget = (phrase.text, scope, shares or "")
            if budget not in shared:
                shared.add(budget)
                yield self._written(phrase, scope)

    def _charged(self, asking: Iterable[Stage]) -> Iterator[str]:
        return (call for stage in asking if stage.charge for call in self._counted(stage, stage.charge))

    def _refused(self, stage: Stage, bind: Callable[[Any, Desk], Phrase]) -> Iterator[tuple[str, Note]]:
        note = self._over(_tuple(self._noted(stage, bind)))
        return ((name, note) for name in (stage.name, stage.says) if name)

    def _locks(self) -> str:
        """Write what is locked besides the target, if anything is."""
        locks = [scope for _, scope in self.guards.get("lock", ())]
        return f"{self.code.constant(things)}(proposal, {_tuple(locks)})" if locks else ""

    def _counting(self, *names: str) -> Iterator[tuple[Guarding, str]]:
        return (pair for name in names for pair in self.guards.get(name, ()))

    def _takes(self) -> Iterator[str]:
        book, locks = self.desk.book, self._locks()
        table = self.code.constant(book.locks)
        if self.acting and locks:
            yield f"{table}.update(dict.fromkeys({locks}, flight))"
        elif self.acting:
            yield f"{table}.__setitem__(proposal.place, flight)"
        for guard, scope in self._counting(*CAPS):
            caps = self.code.constant(book.caps.setdefault(self.desk.budget(guard), {}))
            yield f"{caps}.setdefault({scope}, {{}}).__setitem__(flight, None)"

    def _taken(self) -> str:
        parts = self._locked(), self._capped(), self._queues(), self._broken(), self._ending()
        return _tuple(_tuple(part) for part in parts)

    def _locked(self) -> Iterator[str]:
        if self.acting:
            yield f"*{self._locks()}" if self._locks() else "proposal.place"

    def _capped(self) -> Iterator[str]:
        return iter(dict.fromkeys(f"({self.desk.budget(guard)!r}, {scope})" for guard, scope in self._counting(*CAPS)))

    def _queues(self) -> Iterator[str]:
        """Write what waits for its end, beside what hears how it ends."""
        if self.acting:
            yield f"*[('lock', ('lock', thing)) for thing in {_tuple(self._locked())}]"
        for guard, scope in self._counting(*CAPS, "min_healthy"):
            yield f"({guard.name!r}, ({queue_of(guard)!r}, {scope}))"

    def _broken(self) -> Iterator[str]:
        guards = self.guards.get("breaker", ())
        for key, scope in dict.fromkeys((kin(guard.key), scope) for guard, scope in guards):
            yield f"*((({key!r}, proposal.action, {scope}),) if {scope} is not None else ())"

    def _ending(self) -> Iterator[str]:
        for name, guards in self.guards.items():
            for guard, scope in guards if hears_ends(name) else ():
                yield f"*((({name!r}, {queue_of(guard)!r}, {scope}),) if {scope} is not None else ())"


def is_brought(name: str) -> bool:
    """Whether a guard is one of another package, which remembers what it likes."""
    known = GUARDS.get(name)
    return known is not None and known.is_brought


def hears_ends(name: str) -> bool:
    """Whether a guard is one of another package that is told how attempts end."""
    known = GUARDS.get(name)
    return known is not None and known.ended is not None


def _alone(guard: Guarding) -> str:
    """Write what a guard goes by that names nothing: the target, or all together."""
    return "proposal.place" if guard.by_target else "()"


def _tuple(texts: Iterable[str]) -> str:
    return f"({''.join(f'{text}, ' for text in texts)})"
