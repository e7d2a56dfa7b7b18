"""The catalogue of guards: the words of each, in the order they are written."""

from collections.abc import Mapping

from selfheal_rules.actions import Param
from selfheal_rules.guards.entry import BY, FAILS, FRESH, OF, GuardType
from selfheal_rules.plugins import Catalogue
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import ANY, DURATION, INTEGER, FieldType

_PER = Param(DURATION, "Over how long it counts.")
_OVER = Param(DURATION, "Over how long it counts.", required=True)
_FOR = Param(DURATION, "For how long it holds.")
_HELD = Param(DURATION, "For how long it holds.", required=True)
_CAP = Param(DURATION, "The longest wait.")
_JITTER = Param(ANY, "By how much waits are spread.")


def _guard(name: str, doc: str, own: FieldType, words: Mapping[str, Param], *, by_target: bool = False) -> GuardType:
    return GuardType(name, doc, own, FrozenMap(words), by_target=by_target)


_PLAIN: Mapping[str, Param] = {"by": BY, "fails": FAILS}
_OWN = (
    _guard("limit", "At most so many different targets within `per`.", INTEGER, {"per": _OVER, **_PLAIN}),
    _guard(
        "min_healthy", "Nothing begins where fewer than this are healthy.", ANY,
        {"of": OF, "by": BY, "fresh": FRESH, "fails": FAILS},
    ),
    _guard(
        "max_percent", "At most this share of the population is acted on at once, or within `per`.", ANY,
        {"of": OF, "per": _PER, "by": BY, "fresh": FRESH, "fails": FAILS},
    ),
    _guard("cooldown", "Nothing begins again within this time.", DURATION, _PLAIN, by_target=True),
    _guard("max_in_flight", "At most so many attempts are under way.", INTEGER, _PLAIN),
    _guard("lock", "Never two at once on one of these, besides the target.", ANY, {"for": _FOR, "fails": FAILS}),
    _guard(
        "flap", "What began so often within `per` is left alone until it has been quiet.", INTEGER,
        {"per": _OVER, "by": BY, "for": _FOR, "fails": FAILS}, by_target=True,
    ),
    _guard(
        "breaker", "An action that failed so often within `per` is not tried for a while.", INTEGER,
        {"per": _OVER, "by": BY, "for": _HELD, "fails": FAILS},
    ),
    _guard(
        "storm", "Nothing begins while so many are failing.", ANY,
        {"of": OF, "per": _PER, "by": BY, "for": _FOR, "fresh": FRESH, "fails": FAILS},
    ),
    _guard("approval", "So many people have to agree.", INTEGER, {"for": _FOR}),
    _guard("maintenance", "Nothing is done while one of these, too, is being worked on.", ANY, {"fails": FAILS}),
    _guard(
        "backoff", "How long to wait before it begins again; twice as long each time, up to `cap`.", DURATION,
        {"cap": _CAP, "per": _OVER, "jitter": _JITTER, **_PLAIN}, by_target=True,
    ),
    _guard(
        "attempts", "At most so many tries of one action within `per`.", INTEGER, {"per": _OVER, **_PLAIN},
        by_target=True,
    ),
)  # fmt: skip


def _against(guard: GuardType) -> str:
    return "" if guard.is_brought else "has no `judge`"


GUARDS = Catalogue("guards", GuardType, {guard.name: guard for guard in _OWN}, _against)
"""Every guard by its first word: name → `GuardType`; behind our own those that other packages bring."""


def without(name: str) -> str:
    """Say that what was written under a guard cannot be gone on with where no package brings it, and why."""
    missing = f"guard `{name}` spoke here, and no package that is installed brings it: install the one that does, "
    missing += "since without it nobody knows what it holds back"
    return "; ".join((missing, *(one for one in GUARDS.problems if f"`{name}`" in one)))
