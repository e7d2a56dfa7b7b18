"""The first firing of a (rule, key), under which everything that follows is known."""

from typing import Any

from attrs import frozen

from selfheal_rules.compile.plan import Branching, Ruling
from selfheal_rules.decide.evidence import Evidence, explain, plain_row
from selfheal_rules.match.judge import Found, order_of
from selfheal_rules.match.rows import evidence_of, fingerprint
from selfheal_rules.values import Value


@frozen
class Written:
    """What a snapshot keeps of the branch and rule of a firing."""

    aliases: tuple[str, ...]
    key: tuple[Value, ...] = ()
    ruleset: str = ""
    name: str = ""

    def values(self, _: object) -> tuple[Value, ...]:
        """Give the key as it was written."""
        return self.key


class Opening:
    """
    The first firing of a (rule, key): what an episode and all its decisions are named after.

    Most are never asked for their id, their key or their reasons: until then it holds no more than what fired.
    """

    __slots__ = ("_branch", "_id", "_others", "_ruling", "_values", "at", "rows")

    def __init__(self, ruling: Ruling | Written, branch: Branching | Written, rows: tuple[Any, ...], at: int) -> None:
        """Remember what fired."""
        self._ruling = ruling
        self._branch = branch
        self.rows = rows
        self.at = at
        self._others: list[Found] | None = None

    def among(self, found: list[Found]) -> None:
        """Leave open which of the matches that fire together is the first, until someone asks."""
        self._others = found

    def _choose(self) -> None:
        found, self._others = self._others, None
        if found:
            found.sort(key=order_of)
            self._branch, self.rows = found[0][0], found[0][1]
            self._others = found[1:]

    def __reduce__(self) -> tuple[Any, ...]:
        """Write names and the key instead of the code that reckons them."""
        others = [(Written(branch.aliases), _frozen(rows), None) for branch, rows, _ in self.others]
        written = Written(self.aliases, self.values, self.ruleset, self.rule)
        return opening_of, (written, _frozen(self.rows), self.at, others)

    @property
    def ruleset(self) -> str:
        """The name of the rule set."""
        return self._ruling.ruleset

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self._ruling.name

    @property
    def others(self) -> list[Found]:
        """What fired beside the first match."""
        found = self._others
        if found and found[0][1] is self.rows:
            self._choose()
        return self._others or []

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases of the rows."""
        return self._branch.aliases

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of the rule's key."""
        try:
            return self._values
        except AttributeError:
            self._values: tuple[Value, ...] = self._branch.values(self.rows)
            return self._values

    @property
    def id(self) -> str:
        """The id of the episode."""
        try:
            return self._id
        except AttributeError:
            self._id: str = fingerprint(self.ruleset, self.rule, list(self.values), self.evidence)
            return self._id

    @property
    def evidence(self) -> list[Value]:
        """The evidence in its canonical form."""
        self.others  # noqa: B018 - the first is chosen
        return evidence_of(self.aliases, self.rows)

    @property
    def because(self) -> tuple[Evidence, ...]:
        """The opening match, then what else fired or would have fired with it."""
        others = self.others
        found = explain(self.aliases, self.rows)
        known = {(one.kind, one.source, one.id, one.key) for one in found}
        for branch, rows, _ in others:
            found += tuple(e for e in explain(branch.aliases, rows) if (e.kind, e.source, e.id, e.key) not in known)
        return found


def opening_among(ruling: Ruling, found: list[Found], at: int) -> Opening:
    """Give the first firing of a (rule, key) as it is now; which of several is the first may be left open."""
    if len(found) == 1:
        branch, rows, _ = found[0]
        return Opening(ruling, branch, branch.still(rows), at)
    if not ruling.fixed:
        found.sort(key=order_of)
    branch, rows, _ = found[0]
    opening = Opening(ruling, branch, branch.still(rows), at)
    opening.among([(one, opening.rows if part is rows else one.still(part), None) for one, part, _ in found])
    return opening


def opening_of(written: Written, rows: tuple[Any, ...], at: int, others: list[Any]) -> Opening:
    """Give back a firing that a snapshot wrote."""
    opening = Opening(written, written, rows, at)
    opening.among(others)
    return opening


def _frozen(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(plain_row, rows))
