"""How guards say no: held until something changes, refused for good, or never to be done."""

from typing import Any

from selfheal_rules.decide.decision import Verdict
from selfheal_rules.values import moment


def held(guard: str, reason: str, scope: Any = None, retry: int | None = None) -> Verdict:  # noqa: ANN401 - any key
    """Hold a step; it is judged again at `retry` (microseconds), or when its scope is told of a change."""
    return Verdict("held", guard, reason, None if retry is None else moment(retry), scope)


def suppressed(guard: str, reason: str, *, escalates: bool = False, late: bool = False) -> Verdict:
    """Refuse a step for good; `escalates` where `else` is next, `late` where people are told, and no more."""
    return Verdict("suppressed", guard, reason, escalates=escalates, late=late)


def rejected(guard: str, reason: str) -> Verdict:
    """Refuse a step that must never be done."""
    return Verdict("rejected", guard, reason)


def unknown(guard: str, what: str, scope: Any, *, is_open: bool) -> Verdict | None:  # noqa: ANN401 - any key
    """Hold a step a guard cannot tell about, unless the guard fails open."""
    return None if is_open else held(guard, f"{what}, and the guard fails closed", scope)
