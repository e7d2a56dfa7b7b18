"""
What became of each mutant in an earlier run: whoever begins with it knows which case to try first.

Nothing here makes a score better than it is: that a case notices a mistake is seen again, and what no case noticed is
believed only as long as neither rules nor tests have changed.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.mutants import Mutant

Fate: TypeAlias = Literal["killed", "survived", "refused"]
FILE = "mutation.jsonl"
"""Its name, beside the tests."""
_VERSION = 1


@frozen
class Tried:
    """What became of a mutant: killed by a case, or alive, or refused by checks and policies."""

    mutant: Mutant
    fate: Fate
    killer: str = ""
    """The name of the first case that failed."""


@define(eq=False, repr=False)
class Fates:
    """
    The fates of the mutants of a file of tests: those of an earlier run, and those of this one.

    Written, each line is one rule: the mutants that each case killed, those that survived, and those refused.
    """

    suite: str = ""
    """Changes with the rules and their tests."""
    is_current: bool = False
    """Whether the earlier run was one of the same rules and tests."""
    _earlier: Mapping[tuple[str, str], tuple[Fate, str]] = field(factory=dict)
    _found: dict[str, dict[str, Any]] = field(factory=dict)

    @classmethod
    def read(cls, file: Path, suite: Suite) -> "Fates":
        """
        Read what became of the mutants of a file of tests; nothing is known where there is no such file.

        Raises:
            OSError: where it cannot be read.
            ValueError: where it is none of this version.
        """
        this = _digest(suite)
        if not file.exists():
            return cls(this)
        try:
            head, *rules = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            earlier = {place: found for line in rules for place, found in _told(line).items()}
            version, of = head["selfheal_mutation"], head["suite"]
        except (ValueError, LookupError, TypeError, AttributeError):
            version = None
        if version != _VERSION:
            message = "it says nothing of mutants that can be read"
            raise ValueError(message)
        return cls(this, of == this, earlier)

    def of(self, mutant: Mutant) -> tuple[Fate, str] | None:
        """Give what became of a mutant earlier, and the case that killed it."""
        return self._earlier.get((_rule(mutant), _place(mutant)))

    def note(self, tried: Tried) -> None:
        """Note what has become of a mutant now."""
        rule = _rule(tried.mutant)
        found = self._found.setdefault(rule, {"rule": rule, "killed": {}, "survived": [], "refused": []})
        some = found[tried.fate]
        (some.setdefault(tried.killer, []) if tried.fate == "killed" else some).append(_place(tried.mutant))

    def text(self) -> str:
        """Write what has been noted."""
        lines = [{"selfheal_mutation": _VERSION, "suite": self.suite}, *self._found.values()]
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _told(line: Mapping[str, Any]) -> dict[tuple[str, str], tuple[Fate, str]]:
    rule = line["rule"]
    found: dict[tuple[str, str], tuple[Fate, str]] = {}
    found.update({(rule, place): ("survived", "") for place in line["survived"]})
    found.update({(rule, place): ("refused", "") for place in line["refused"]})
    found.update({(rule, place): ("killed", case) for case, some in line["killed"].items() for place in some})
    return found


def _rule(mutant: Mutant) -> str:
    return f"{mutant.ruleset}/{mutant.rule}"


def _place(mutant: Mutant) -> str:
    """Tell a mutant from all others of its rule."""
    return sha256(repr((mutant.path, mutant.operator, mutant.written)).encode()).hexdigest()[:8]


def _digest(suite: Suite) -> str:
    """Give what changes with anything a case says, and with any rule."""
    told = [(one.name, one.program.digest, repr(one.policy)) for one in suite.cases]
    return sha256(repr((suite.source.text, told)).encode()).hexdigest()[:32]
