"""What a guard of another package promises is held to, and whatever breaks a promise is caught by the test of it."""

import random
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from selfheal_rules.actions import Param
from selfheal_rules.conformance import GuardContract
from selfheal_rules.guards import GUARDS, Candidate, GuardType, Hold, Refuse
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import INTEGER

SEEN: list[object] = []


def _limited(step: Candidate, remembered: Value, now: datetime) -> Any:  # noqa: ANN401 - a stranger's answer
    """Let so many through in ten minutes; what is remembered is when they were."""
    times = tuple(one for one in _times(remembered) if one > now - WINDOW)
    return (
        Hold(f"{len(times)} of late", times[0] + WINDOW) if len(times) >= int(str(step.given["acme.limited"])) else None
    )


WINDOW = timedelta(minutes=10)


def _times(remembered: Value) -> tuple[datetime, ...]:
    return tuple(one for one in remembered if isinstance(one, datetime)) if isinstance(remembered, tuple) else ()


def _by_chance(step: Candidate, remembered: Value, now: datetime) -> Any:  # noqa: ANN401 - the same
    found = _limited(step, remembered, now)
    return found and Hold(found.reason, found.until + timedelta(seconds=random.randrange(1000)))


def _of_the_process(_: Candidate, __: Value, now: datetime) -> Any:  # noqa: ANN401 - the same
    SEEN.append(now)
    return Hold("the third", now + WINDOW) if len(SEEN) % 7 == 3 else None


def _by_identity(_: Candidate, remembered: Value, now: datetime) -> Any:  # noqa: ANN401 - the same
    known = any(one is remembered for one in SEEN)
    SEEN.append(remembered)
    return Hold("seen", now + WINDOW) if known and remembered else None


def _once(_: Candidate, remembered: Value, now: datetime) -> Value:
    return remembered or now.isoformat()


def _reaching_out(step: Candidate, remembered: Value, now: datetime) -> Any:  # noqa: ANN401 - the same
    sys._getframe(1).f_locals["book"].acts.clear()
    return _limited(step, remembered, now)


LIMITED = GuardType(
    "acme.limited", "So many in ten minutes.", INTEGER, unless="so many had been begun", by_target=False,
    judge=_limited, begun=lambda _, remembered, now: (*_times(remembered), now)[-9:],
)  # fmt: skip
LOOSE: Mapping[str, tuple[GuardType, str]] = {
    "is no sentence": (evolve(LIMITED, doc="so many"), "test_it_says_what_it_is"),
    "is not installed": (evolve(LIMITED, name="acme.other"), "test_it_says_what_it_is"),
    "goes on with a sentence": (evolve(LIMITED, unless="It had."), "test_it_says_what_it_is"),
    "takes what it does not need": (evolve(LIMITED, words=FrozenMap(x=Param(INTEGER, "x"))), "test_it_says_what_it_is"),
    "says no to nothing": (evolve(LIMITED, judge=lambda *_: None), "test_it_says_no_and_why"),
    "gives no reason": (evolve(LIMITED, judge=lambda *_: Refuse("")), "test_it_says_no_and_why"),
    "goes by chance": (evolve(LIMITED, judge=_by_chance), "test_it_decides_alike_each_time"),
    "keeps what the process has": (evolve(LIMITED, judge=_of_the_process), "test_it_decides_alike_each_time"),
    "goes by what no snapshot has": (
        evolve(LIMITED, judge=_by_identity, begun=_once),
        "test_it_goes_on_from_a_snapshot",
    ),
    "reaches for what is not handed to it": (evolve(LIMITED, judge=_reaching_out), "test_it_never_loosens_another"),
}
"""What a guard does wrong → how, and the test that finds it."""


def _contract(guard: GuardType, monkeypatch: pytest.MonkeyPatch) -> GuardContract:
    installed = LIMITED if guard.name == "acme.other" else guard
    monkeypatch.setitem(GUARDS.__dict__, "_brought", ({installed.name: installed}, ()))
    SEEN.clear()
    contract = GuardContract()
    contract.guard, contract.written = guard, "{acme.limited: 3}"
    return contract


@pytest.mark.parametrize("promise", [one for one in dir(GuardContract) if one.startswith("test_")])
def test_a_sound_guard_passes(promise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the tests fails for it."""
    getattr(_contract(LIMITED, monkeypatch), promise)()


@pytest.mark.parametrize("way", LOOSE)
def test_each_fault_of_a_guard_is_found(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it promises and does not keep."""
    guard, promise = LOOSE[way]
    with pytest.raises(AssertionError):
        getattr(_contract(guard, monkeypatch), promise)()


def test_settings_that_are_not_held_to_their_types_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a guard is written as no rule may have it."""
    contract = _contract(LIMITED, monkeypatch)
    contract.written = "{acme.limited: many}"
    with pytest.raises(AssertionError):
        contract.test_its_settings_are_held_to_their_types()
