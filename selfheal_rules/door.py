"""The door of an engine: items are held against their kinds, controls against the policy, before anything changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from selfheal_rules.compile.plan import NEVER
from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Outcome
from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import Event, State, check_item
from selfheal_rules.guard.binding import said_policy
from selfheal_rules.policy import Policy
from selfheal_rules.values import argument

SAID = (Outcome, Control)
"""What people and executors say; all else are items, and of a kind."""
_EVENTS = {Event}
Sifted: TypeAlias = tuple[int, Event | None, tuple[int, ...], int]
"""An event of a batch that some part takes: its place, the event, the parts, and what time it is by then."""


def entry_of(item: Any, entries: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever somebody posts
    """
    Give the entry of an event's or a state's kind, once the item was held against it.

    Raises:
        EventError: where the item is neither, or does not fit.
    """
    if item.__class__ not in {Event, State}:
        message = f"an engine takes events, states, outcomes and controls, not {type(item).__name__}"
        raise EventError(message, item=item, field="kind")
    if item.kind.startswith("selfheal."):
        message = f"`{item.kind}` is what the engine itself says; it cannot be posted"
        raise EventError(message, item=item, field="kind")
    entry = entries.get(item.kind)
    if entry is None:
        message = f"kind `{item.kind}` is in no vocabulary of the program"
        raise EventError(message, item=item, field="kind")
    check_item(item, entry.kind)
    return entry


def hold(item: Any, entries: Mapping[str, Any]) -> None:  # noqa: ANN401 - whatever somebody posts
    """
    Hold an item against its kind, and change nothing else.

    Raises:
        EventError: where it could not be posted.
    """
    if item.__class__ in SAID:
        return
    entry = entries.get(item.kind) if item.__class__ in {Event, State} else None
    if entry is None or item.fits is not entry.kind:
        entry_of(item, entries)


def sifted(batch: Sequence[Any], entries: Mapping[str, Any], now: int, ahead: int) -> list[Sifted] | None:
    """
    Give the events of a batch that some part takes, and last of all no event, and the time after all of it.

    An engine is not changed by that, so every item is known to fit before the first is taken. None where there is more
    in the batch than events, or some may be more than `ahead` of those before them.

    Raises:
        EventError: where one of them could not be posted.
    """
    if {*map(type, batch)} != _EVENTS:
        return None
    taken: list[Sifted] = []
    most = (now if now > -NEVER else batch[0].at) + ahead
    for place, item in enumerate(batch):
        entry = entries.get(item.kind)
        if entry is None or item.fits is not entry.kind:
            entry = entry_of(item, entries)
        if item.at > now:  # noqa: PLR1730 - a call of `max` is half the price of looking at the item
            now = item.at
        if entry.taken:
            hits = entry.probe(item, now)
            if hits is not None:
                taken.append((place, item, hits, now))
    taken.append((len(batch), None, (), now))
    return taken if now <= most else None


def check_settings(program: object, max_age: object, max_ahead: object, caps: Mapping[str, object]) -> None:
    """
    Refuse what no engine can be made of.

    Raises:
        TypeError: where one is of another type.
        ValueError: where a duration is out of bounds.
    """
    argument("program", program, Program, cure="`compile_rules` gives one")
    argument("max_age", max_age, timedelta)
    argument("max_ahead", max_ahead, timedelta, type(None))
    for name, cap in caps.items():
        argument(name, cap, int)
    if max_age <= timedelta() or (max_ahead is not None and max_ahead < timedelta()):  # type: ignore[operator]
        message = f"`max_age` is longer than 0 and `max_ahead` is not below it, not {max_age} and {max_ahead}"
        raise ValueError(message)


def batch_of(items: object) -> Sequence[Any]:
    """
    Give items as a sequence.

    Raises:
        TypeError: where they are none; one item alone is `post`ed.
    """
    if isinstance(items, list | tuple):
        return items
    argument("items", items, Iterable, cure="one alone goes to `post`")
    return list(items)  # type: ignore[call-overload, no-any-return]


class Brought:
    """The policies that controls bring: each is read once, though it is admitted before it is posted."""

    def __init__(self, program: Program) -> None:
        """Wait for controls to this program."""
        self._program = program
        self._read: dict[Control, Policy] = {}

    def admit(self, items: Sequence[Any], policy: Policy | None) -> None:
        """
        Hold the controls of a batch against a policy, each against the one that those before it bring.

        Raises:
            EventError: where one of them could not be posted.
        """
        before, self._read = self._read, {}
        if not any(issubclass(kind, Control) for kind in {*map(type, items)}):
            return
        for item in items:
            if isinstance(item, Control):
                found = before.get(item) or said_policy(self._program, policy, item)
                if found is not None:
                    policy = self._read[item] = found

    def by(self, said: Control, policy: Policy | None) -> Policy | None:
        """Give the policy a control brings, if it brings one; `EventError` where it cannot be taken."""
        return self._read.pop(said, None) or said_policy(self._program, policy, said)
