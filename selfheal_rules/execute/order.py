"""A decision on its way to an executor."""

from typing import Any, Protocol

from selfheal_rules.decide.decision import Decision


class Fence(Protocol):
    """Who asks: a healer, which may have been taken over from without having noticed."""

    @property
    def token(self) -> int:
        """A number greater than that of every healer before on the same journal."""

    def check(self) -> None:
        """Look whether none has taken over; `JournalError` where one has."""


class Order(Decision):
    """
    A decision as an executor gets it: with the fencing token of the healer that asks.

    A process may stop for any time between its last look at the lease and the call. So an executor that can, passes the
    token on, or keeps the greatest it has seen, and refuses whoever comes with a smaller one.
    """

    __slots__ = ("token",)

    def __init__(self, decision: Decision, token: int) -> None:
        """Say who asks for a decision."""
        said = (decision.params, decision.attempt, decision.at, decision.verdict, decision.words)
        super().__init__(decision.opening, decision.step, decision.action, decision.target, *said)
        self.token = token

    def written(self) -> dict[str, Any]:
        """Give it as it goes to others: the object of `to_json`, with `idempotency_key` and `token` before it."""
        return {"idempotency_key": self.idempotency_key, "token": self.token, **self.to_json()}
