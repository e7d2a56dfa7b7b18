"""Differences somebody has looked at and means: a line of JSON each, which says of which it speaks, and why."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.replay.differences import Difference

WORDS = frozenset({"change", "ruleset", "rule", "action", "target", "was", "now", "why"})


class AcceptanceError(SelfHealError):
    """A file of acceptances says what cannot be understood; the message names each line."""


@frozen
class Acceptance:
    """
    One line of a file: it accepts every difference of which all it says is so.

    What it leaves out may be anything; `why` is for people.
    """

    line: int
    said: Mapping[str, Any]

    def accepts(self, difference: Difference) -> bool:
        """Whether it speaks of a difference."""
        return _is_part(self.said, difference.head())


def _is_part(said: Any, found: Any) -> bool:  # noqa: ANN401 - JSON values
    if isinstance(said, dict) and isinstance(found, dict):
        return all(name in found and _is_part(value, found[name]) for name, value in said.items() if name != "why")
    return bool(said == found)


def read_acceptances(lines: Iterable[str]) -> tuple[Acceptance, ...]:
    """
    Read a file of acceptances; empty lines, and those that begin with `#`, are for people.

    Raises:
        AcceptanceError: with every line that is none.
    """
    found, wrong = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            said = json.loads(line)
        except ValueError as error:
            wrong.append(f"line {number}: not JSON: {error}")
            continue
        problem = _problem(said)
        if problem:
            wrong.append(f"line {number}: {problem}")
        else:
            found.append(Acceptance(number, said))
    if wrong:
        raise AcceptanceError("\n".join(wrong))
    return tuple(found)


def _problem(said: object) -> str:
    if not isinstance(said, dict):
        return "not an object"
    unknown = [name for name in said if name not in WORDS]
    if unknown:
        return f"`{unknown[0]}` is none of {', '.join(sorted(WORDS))}"
    return "" if said.keys() - {"why"} else "it says nothing, and would accept everything"


def write_acceptance(difference: Difference) -> str:
    """Write the line that accepts just this difference."""
    return json.dumps({**difference.head(), "why": ""})


@frozen
class Reviewed:
    """Differences held against what was accepted: those that were not, those that were, and lines about nothing."""

    open: tuple[Difference, ...]
    accepted: tuple[Difference, ...]
    idle: tuple[Acceptance, ...]


def reviewed(found: Iterable[Difference], acceptances: Iterable[Acceptance]) -> Reviewed:
    """Hold differences against acceptances."""
    known, used = tuple(acceptances), set[int]()
    still, accepted = list[Difference](), list[Difference]()
    for difference in found:
        speaking = [one.line for one in known if one.accepts(difference)]
        used.update(speaking)
        (accepted if speaking else still).append(difference)
    return Reviewed(tuple(still), tuple(accepted), tuple(one for one in known if one.line not in used))
