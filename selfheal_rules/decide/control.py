"""What people tell an engine: stop, go on, approve, refuse, stand down, another policy, other rules."""

from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

from attrs import asdict, field, frozen

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import frozen_time

Act: TypeAlias = Literal[
    "kill", "pause", "resume", "approve", "refuse", "stand_down", "release", "policy", "rules"
]  # fmt: skip
SCOPES = ("ruleset", "rule", "action", "target")
"""What can be paused: `ruleset:NAME`, `rule:RULESET/ID`, `action:GLOB`, `target:GLOB`."""
_UNNAMED = frozenset({"kill", "resume"})
_STRICT = frozenset({"kill", "pause", "refuse", "stand_down"})


def _act(act: Act) -> Act:
    if act.__class__ is str and act in get_args(Act):
        return act
    message = f"control {act!r} is not one of {', '.join(get_args(Act))}"
    raise EventError(message, field="act")


@frozen
class Control:
    """
    What somebody decided about the engine itself; it is an input like any other, and is recorded with who and why.

    `subject` says what it is about. `kill`: everything, no subject; `resume` without a subject lifts it. `pause`,
    `resume`: one of `SCOPES`. `approve`, `refuse`: the id of a decision. `stand_down` (with `until`), `release`: a
    target. `policy`: the text of the policy that holds from now on. `rules`: the digest of the program that will, with
    the hash of the report of its backtest after a space where the policy asks for one. `id` tells a repetition: what
    has one is taken once, however often it comes.

    Raises:
        EventError: where it is no control, or nobody or nothing is named.
    """

    act: Act = field(converter=_act)
    who: str
    why: str
    time: datetime = field(converter=frozen_time)
    subject: str = ""
    until: datetime | None = None
    id: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse what leaves open who, why or what."""
        for name in ("who", "why", "subject", "id"):
            value = getattr(self, name)
            if value.__class__ is not str:
                message = f"`{name}` of a control is {value!r}, of type {type(value).__name__}, not str"
                raise EventError(message, field=name)
        for name in ("who", "why"):
            if not getattr(self, name).strip():
                message = f"a control says `{name}`"
                raise EventError(message, field=name)
        if self.until is not None:
            object.__setattr__(self, "until", frozen_time(self.until))
        if not (self.subject or self.act in _UNNAMED):
            message = f"`{self.act}` says what it is about"
            raise EventError(message, field="subject")
        self._refuse_scope()
        if self.act == "stand_down" and self.until is None:
            message = "`stand_down` says until when"
            raise EventError(message, field="until")

    def _refuse_scope(self) -> None:
        scope, colon, name = self.subject.partition(":")
        if self.act not in {"pause", "resume"} or (self.act == "resume" and not self.subject):
            return
        if scope not in SCOPES or not (colon and name):
            message = f"`{self.subject}` is none of {', '.join(f'`{one}:…`' for one in SCOPES)}"
            raise EventError(message, field="subject")
        if scope == "rule" and not all(name.partition("/")):
            message = f"`{self.subject}` does not say of which rule set: `rule:RULESET/{name.strip('/')}`"
            raise EventError(message, field="subject")

    @property
    def is_strict(self) -> bool:
        """Whether it can only have less done: it holds at once, whatever the clock of whoever said it shows."""
        return self.act in _STRICT

    def to_json(self) -> dict[str, Any]:
        """Give the control as a journal writes it."""
        written = asdict(self)
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in written.items()
            if value not in {None, ""}
        }

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> "Control":
        """
        Give back a control that was written.

        Raises:
            EventError: where it is none.
        """
        try:
            given = dict(written)
            for name in written.keys() & {"time", "until"}:
                given[name] = datetime.fromisoformat(written[name])
            return cls(**given)
        except (TypeError, ValueError, KeyError) as error:
            message = f"this is no control: {error}"
            raise EventError(message) from None
