"""Executors of what needs nobody outside the process: `noop`, and `log`."""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import frozen

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.log import log


def said_by(decision: Decision) -> str:
    """Give what a decision has to say: its `text`, or else its reason, told as what it follows from."""
    text = decision.params.get("text")
    return (
        str(text) if text else f"{decision.rule} asks for {decision.action} on {decision.target}: {_reason(decision)}"
    )


def _reason(decision: Decision) -> str:
    return "; ".join(f"{one['kind']} {one['id']}".strip() for one in decision.to_json()["because"])


def others_of(decision: Decision, *known: str) -> dict[str, Any]:
    """Give the values of a decision under any other names: they are told with it."""
    params: Mapping[str, Any] = decision.to_json()["params"]
    return {name: value for name, value in params.items() if name not in known}


def _logged(decision: Decision) -> None:
    level = str(decision.params.get("level") or "info")
    about = {"target": str(decision.target), "rule": decision.rule, "id": decision.id}
    log.log(getattr(logging, level.upper()), said_by(decision), **others_of(decision, "text", "level") | about)


@frozen
class Here:
    """Carries out one action in the process itself; a dry run does not."""

    action: str
    act: Callable[[Decision], None]
    dry: bool = False
    clock: Clock = time_of_day
    idempotent: bool = True

    @property
    def actions(self) -> Collection[str]:
        """The one action."""
        return (self.action,)

    def execute(self, decision: Decision) -> Outcome:
        """Do it, and say so."""
        if not self.dry:
            self.act(decision)
        return Outcome.of(decision, "dry_run" if self.dry else "done", self.clock())


def here(*, dry: bool = False, clock: Clock = time_of_day) -> tuple[Here, ...]:
    """Give who carries out `noop` and `log`."""
    return Here("noop", lambda _: None, dry, clock), Here("log", _logged, dry, clock)
