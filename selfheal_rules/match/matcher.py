"""
The keyed join behind a protocol, and which joins of a plan go to it.

The native join is the exchanges of a `Memory`, which generated code reads as they are. Another matcher is asked in
their place for what stands under a key, and for nothing else: leaves, windows, timers, supports and the agenda are
shared.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from selfheal_rules.compile.plan import Branching, Plan, Seed


class Matcher(Protocol):
    """
    Keeps rows under keys, and says which stand under one.

    A *join* is one way in which the rows of one part are looked up, numbered from 0; a *key* is a text, and two rows
    are joined where their texts are equal.
    """

    def insert(self, join: int, key: str) -> int:
        """Have one more row stand under a key; give the number it is reported and removed by, above all before it."""

    def partners(self, join: int, key: str) -> Sequence[int]:
        """Give what stands under a key, by number; reporting too much is harmless, since all of it is checked again."""

    def remove(self, number: int) -> None:
        """Have a row stand no longer."""


@frozen
class Refused:
    """What stays with the native joins: the alias of a pattern (or `none`) in a rule, and why."""

    ruleset: str
    rule: str
    what: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"rule `{self.rule}` ({self.ruleset}): `{self.what}` is joined natively: {self.reason}"


@frozen
class Matching:
    """Who makes the joins of an engine; the native joins refuse nothing."""

    name: str
    refused: tuple[Refused, ...] = ()


NATIVE = Matching("native")

SCANNED = "no equality joins it to the patterns before it, so every row is tried"
DEMANDED = "a group of it exists as soon as it is asked for, even where nothing fills it"
PICKED = "it is the best of all that fit, and checking what is reported cannot show what was left out"
NEGATED = "it wants nothing to be there, and checking what is reported cannot show what was left out"


def joins_of(plan: Plan) -> Mapping[tuple[int, int], int]:
    """Number the joins another matcher can make: (exchange, part) of every keyed lookup of a pattern."""
    looks = (look for part in plan.parts for seed in part.begun() for look in seed.looks)
    asked = {(look.exchange, look.part) for look in looks if look.exchange >= 0}
    return {place: number for number, place in enumerate(sorted(asked))}


def refused_by(plan: Plan) -> tuple[Refused, ...]:
    """Name what stays native, in the order of the rules, each once."""
    firsts: dict[int, Seed] = {}
    for part in plan.parts:
        for seed in part.begun():
            if plan.branches[seed.branch].parts[0] == part.number:
                firsts.setdefault(seed.branch, seed)
    found: dict[Refused, None] = {}
    for ruling in sorted(plan.rules, key=lambda one: one.order):
        for number in ruling.branches:
            for what, reason in _native(plan, plan.branches[number], firsts.get(number)):
                found[Refused(ruling.ruleset, ruling.name, what, reason)] = None
    return tuple(found)


def _native(plan: Plan, branch: Branching, first: Seed | None) -> Iterator[tuple[str, str]]:
    for look in first.looks if first else ():
        if look.exchange < 0:
            yield look.alias, DEMANDED if plan.parts[look.part].counted else SCANNED
    for alias in branch.aliases[len(branch.parts) :]:
        yield alias, PICKED
    if branch.inner or branch.outer or branch.between or branch.forward:
        yield "none", NEGATED
