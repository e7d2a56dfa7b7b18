"""
The judgement of one rule in one turn.

Assignments found by joins are held against formulas, picks and negatives; those of states alone are followed as
matches, whose truth makes a rule rise and fall for a key.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from attrs import define, field

from selfheal_rules.compile.plan import NEVER, Branching
from selfheal_rules.match.memory import FORWARD, JUDGE
from selfheal_rules.match.network import Network
from selfheal_rules.match.rows import Match, Pending, Row, evidence_of
from selfheal_rules.values import canonical

Found: TypeAlias = tuple[Branching, tuple[Any, ...], Match | None]
"""One match that fires, confirms or concludes: its branch and rows, and the level match it is, if it is one."""


def order_of(found: Found) -> str:
    """Give the canonical text of a match's evidence."""
    return canonical(evidence_of(found[0].aliases, found[1]))


@define(eq=False, repr=False)
class Ruled:
    """What the judgement of a rule found: new instant matches, keys that rose or fell, level matches that changed."""

    rule: int
    found: list[Found] = field(factory=list)
    risen: dict[Any, None] = field(factory=dict)
    fallen: dict[Any, None] = field(factory=dict)
    changed: list[Match] = field(factory=list)


class Judge:
    """Judges the rules of a network."""

    def __init__(self, network: Network) -> None:
        """Judge what this network holds."""
        self.network = network
        self.memory = network.memory
        self.branches = network.plan.branches
        self.blockable = any(branch.inner or branch.outer or branch.forward for branch in self.branches)
        self.free: list[tuple[int, tuple[Any, ...]]] = []
        self.blocked: list[tuple[int, tuple[Any, ...]]] = []

    def rule(self, number: int) -> Ruled:
        """Judge a rule on what is pending for it."""
        network, memory, ruled = self.network, self.memory, Ruled(number)
        seeds = network.pending.pop(number, ())
        dirty = network.dirty.pop(number, None) or {}
        for pending in network.arrivals.pop(number, ()):
            self._arrive(pending, ruled)
        tried: dict[Any, None] = {}
        for seed, row in seeds:
            branch = self.branches[seed.branch]
            if row.gone:
                continue
            rows_found = seed.find(row, memory)
            if branch.level:
                for rows in rows_found:
                    dirty[self._match(branch, rows)] = None
            elif branch.bare and (len(seeds) == 1 or len(branch.parts) == 1):
                ruled.found += [(branch, rows, None) for rows in rows_found]
                if self.blockable:
                    self.free += [(number, rows) for rows in rows_found]
            elif rows_found:
                self._instants(branch, rows_found, tried, ruled)
        if dirty:
            self._levels(number, dirty, ruled)
        return ruled

    # Instant matches

    def _instants(
        self, branch: Branching, found: Iterable[tuple[Row, ...]], tried: dict[Any, None], ruled: Ruled
    ) -> None:
        for rows in found:
            mark = (branch.number, rows)
            if mark in tried:
                continue
            tried[mark] = None
            if branch.forward:
                self._await(branch, rows, ruled)
            else:
                self._instant(branch, rows, ruled)

    def _instant(self, branch: Branching, rows: tuple[Row, ...], ruled: Ruled) -> None:
        whole = self._picked(branch, rows, ())
        if whole is None or not self._formulas(branch, whole):
            return
        if self._free(branch, whole):
            self.free.append((branch.rule, whole))
            ruled.found.append((branch, whole, None))
        else:
            self.blocked.append((branch.rule, whole))

    def _free(self, branch: Branching, rows: tuple[Row, ...]) -> bool:
        return not any(block(rows, self.memory) > 0 for block in (*branch.inner, *branch.outer))

    def _picked(self, branch: Branching, rows: tuple[Row, ...], before: tuple[Row, ...]) -> tuple[Row, ...] | None:
        if not branch.picks:
            return rows
        kept = rows + before
        if not before or any(row.gone for row in before) or not (branch.fits and branch.fits(kept, self.memory)):
            kept = rows
            for pick in branch.picks:
                best = pick(kept, self.memory)
                if best is None:
                    return None
                kept = (*kept, best)
        return kept

    def _formulas(self, branch: Branching, rows: tuple[Row, ...]) -> bool:
        return branch.picked is None or branch.picked(rows, self.memory)

    # Sequences that end with a `none`

    def _await(self, branch: Branching, rows: tuple[Row, ...], ruled: Ruled) -> None:
        forward = branch.forward
        if forward is None:
            return
        begin = max((rows[index].at, rows[index].turn) for index in forward.stage)
        copies = tuple(row if row.key is None else row.copy() for row in rows)
        pending = Pending(branch.number, rows, copies, begin[0] + forward.within)
        if pending.due > self.memory.now:
            self.memory.timer(pending.due, FORWARD, pending)
        else:
            self._arrive(pending, ruled)

    def _arrive(self, pending: Pending, ruled: Ruled) -> None:
        branch = self.branches[pending.branch]
        blocks = branch.forward.blocks if branch.forward else ()
        if any(row.gone and row.key is not None for row in pending.rows):
            return
        whole = self._picked(branch, pending.copies, ())
        if whole is None or not self._formulas(branch, whole):
            return
        if self._free(branch, whole) and not any(block(pending.copies, self.memory) > 0 for block in blocks):
            self.free.append((branch.rule, pending.rows))
            ruled.found.append((branch, whole, None))
        else:
            self.blocked.append((branch.rule, pending.rows))

    # Level matches

    def start(self) -> None:
        """Follow the branches that need no row at all, such as one that only says what must not be."""
        for branch in self.branches:
            if branch.level and not branch.parts:
                self.network.soil(self._match(branch, ()))

    def _match(self, branch: Branching, rows: tuple[Row, ...]) -> Match:
        matches = self.memory.matches[branch.number]
        match = matches.get(rows)
        if match is None:
            match = matches[rows] = Match(branch.number, rows, self.memory.next_ticket())
            for row in rows:
                if row.matches is None:
                    row.matches = {}
                row.matches[match] = None
        return match

    def _levels(self, number: int, dirty: dict[Match, None], ruled: Ruled) -> None:
        truths = self.memory.truths[number]
        before: dict[Any, bool] = {}
        for match in dirty:
            if match.once:
                self._once(match, ruled)
                continue
            was, old = match.true, match.key
            self._evaluate(match)
            if was:
                before.setdefault(old, old in truths)
                self._shift(truths, old, match, to=False)
            if match.true:
                before.setdefault(match.key, match.key in truths)
                self._shift(truths, match.key, match, to=True)
            if was or match.true:
                ruled.changed.append(match)
        for key, was in before.items():
            if was != (key in truths):
                (ruled.fallen if was else ruled.risen)[key] = None

    def _shift(self, truths: dict[Any, dict[Match, None]], key: Any, match: Match, *, to: bool) -> None:
        if to:
            truths.setdefault(key, {})[match] = None
            return
        del truths[key][match]
        if not truths[key]:
            del truths[key]

    def _evaluate(self, match: Match) -> None:
        branch = self.branches[match.branch]
        if _is_broken(match.rows):
            self._forget(match)
            return
        joined = branch.verify(match.rows, self.memory)
        whole = self._picked(branch, match.rows, match.witness[len(match.rows) :]) if joined else None
        match.witness = whole or match.rows
        if not joined:
            match.barred = match.ended = None
        soon, free = NEVER, whole is not None and self._formulas(branch, whole)
        if whole is not None:
            soon, free = self._blocked(branch.inner, whole, free=free)
            if branch.forward or branch.between:
                soon, free = self._sequence(branch, match, soon, free=free)
        if free and not match.holding:
            match.since = self.memory.now
        match.holding = free
        if free and branch.held and self.memory.now < match.since + branch.held:
            soon, free = min(soon, match.since + branch.held), False
        if free and whole is not None:
            outer, free = self._blocked(branch.outer, whole, free=True)
            soon = min(soon, outer)
        match.true = free
        if free and whole is not None:
            match.key = branch.key(whole)
        self._again(match, soon)
        if not joined and not match.fired:
            self._forget(match)

    def _sequence(self, branch: Branching, match: Match, soon: int, *, free: bool) -> tuple[int, bool]:
        """Judge the `none`s of a sequence of states, each once: between two stages at once, the last at its end."""
        if match.barred is None:
            match.barred = any(block(match.rows, self.memory) > 0 for block in branch.between)
        forward = branch.forward
        if forward is None:
            return soon, free and not match.barred
        end = max(match.rows[index].at for index in forward.stage) + forward.within
        if self.memory.now < end:
            return min(soon, end), False
        if match.ended is None:
            match.ended = any(block(match.rows, self.memory) > 0 for block in forward.blocks)
        return soon, free and not (match.barred or match.ended)

    def _blocked(self, blocks: Iterable[Any], rows: tuple[Row, ...], *, free: bool) -> tuple[int, bool]:
        soon = NEVER
        for block in blocks:
            again = block(rows, self.memory)
            if again:
                soon = min(soon, abs(again))
            free = free and again <= 0
        return soon, free

    def _again(self, match: Match, soon: int) -> None:
        if soon < NEVER and match.again != soon:
            match.again = soon
            self.memory.timer(soon, JUDGE, match)

    def _forget(self, match: Match) -> None:
        match.true = match.holding = False
        self.memory.matches[match.branch].pop(match.rows, None)
        for row in match.rows:
            if row.matches is not None:
                row.matches.pop(match, None)

    # Matches that were judged once and still support

    def follow(self, branch: Branching, rows: tuple[Row, ...]) -> Match:
        """Follow an instant match for what it concludes: until a part that is no event goes, or a state blocks it."""
        live = tuple(row if row.key is None else row.origin or row for row in rows)
        match = Match(branch.number, live, self.memory.next_ticket())
        match.once = match.true = True
        match.witness = tuple(row if row.key is None else row.copy() for row in rows)
        self.memory.once[branch.number][match] = None
        for row in live:
            if row.key is not None:
                if row.matches is None:
                    row.matches = {}
                row.matches[match] = None
        return match

    def _once(self, match: Match, ruled: Ruled) -> None:
        branch = self.branches[match.branch]
        gone = any(row.gone for row in match.rows if row.key is not None)
        if match.true and (gone or any(block(match.witness, self.memory) > 0 for block in branch.lasting)):
            match.true = False
            ruled.changed.append(match)
            self.drop(match)

    def drop(self, match: Match) -> None:
        """Follow an instant match no longer."""
        self.memory.once[match.branch].pop(match, None)
        for row in match.rows:
            if row.matches is not None:
                row.matches.pop(match, None)

    def true_matches(self, rule: int, key: Any) -> Iterator[Match]:
        """Give the level matches that are true for a key."""
        yield from self.memory.truths[rule].get(key, ())


def _is_broken(rows: tuple[Row, ...]) -> bool:
    for row in rows:  # noqa: SIM110 - the loop is half the price of `any`, and this runs for every match judged
        if row.gone:
            return True
    return False
