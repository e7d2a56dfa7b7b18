"""Who may send to the webhook: tokens from a file, and how much each may send."""

import base64
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field, frozen

ANYONE = "anyone"
_LEAST = 16


@frozen
class Senders:
    """
    The tokens of a site, by the name of who has one; without any, everybody may send (behind TLS client certificates).

    A token comes as `Authorization: Bearer TOKEN`, or, from a sender that knows user and password only (such as Aodh
    and Zaqar, whose address is `https://NAME:TOKEN@…`), as the password of `Basic`.
    """

    tokens: Mapping[str, bytes] = field(factory=dict, repr=False)

    def of(self, authorization: str | None) -> str | None:
        """Give who sends, or None where it is nobody we know; every token is compared, each in constant time."""
        if not self.tokens:
            return ANYONE
        said = _token(authorization or "")
        fits = [name for name, token in self.tokens.items() if hmac.compare_digest(token, said)]
        return fits[0] if fits else None


def _token(authorization: str) -> bytes:
    scheme, _, said = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return said.strip().encode() if scheme.lower() == "bearer" else b""
    try:
        return base64.b64decode(said.strip(), validate=True).partition(b":")[2]
    except ValueError:  # no base64, or nothing base64 is written in
        return b""


def load_senders(path: str | Path) -> Senders:
    """
    Read tokens, one a line, each as `NAME TOKEN`; empty lines and those that begin with `#` are left out.

    Raises:
        OSError: where the file cannot be read.
        ValueError: where a line is none, a name stands twice, or a token is short; no token is in the message.
    """
    tokens: dict[str, bytes] = {}
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, token = line.strip().partition(" ")
        problem = _problem(name, token.strip(), tokens)
        if problem:
            message = f"line {number} {problem}"
            raise ValueError(message)
        tokens[name] = token.strip().encode()
    if not tokens:
        message = "no token is in it"
        raise ValueError(message)
    return Senders(tokens)


def _problem(name: str, token: str, known: Mapping[str, bytes]) -> str:
    if not token or " " in token:
        return "is not of the form `NAME TOKEN`"
    if name in known:
        return f"gives `{name}` a second token; give a sender that changes its token two names"
    return f"has a token of less than {_LEAST} characters" if len(token) < _LEAST else ""


@define
class Rates:
    """How many requests a second each sender may make, and so many at once: a bucket of tokens each."""

    rate: float
    clock: Callable[[], float]
    _left: dict[str, tuple[float, float]] = field(factory=dict)

    def wait(self, sender: str) -> float:
        """Take one request of a sender; gives 0, or how many seconds it has to wait for the next."""
        now, most = self.clock(), max(1.0, self.rate)
        left, last = self._left.get(sender, (most, now))
        left = min(most, left + (now - last) * self.rate)
        self._left[sender] = max(0.0, left - 1) if left >= 1 else left, now
        return 0.0 if left >= 1 else (1 - left) / self.rate
