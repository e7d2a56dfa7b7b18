"""The catalogue of actions: what each may do to a cloud. One the catalogue does not know counts as the worst."""

from typing import Literal, TypeAlias

from attrs import frozen

from selfheal_rules.values import FrozenMap

Risk: TypeAlias = Literal["none", "low", "high"]
"""`none` touches nothing, `low` may be done again or undone at no loss, `high` may take away what runs or is stored."""


@frozen
class ActionType:
    """One action by the name rules call it, and its risk."""

    name: str
    risk: Risk
    doc: str

    @property
    def is_destructive(self) -> bool:
        """Whether a cause that goes away can no longer cancel what comes after it."""
        return self.risk == "high"


_ALL = (
    ActionType("noop", "none", "Do nothing; the decision itself is what is wanted."),
    ActionType("notify", "none", "Tell people."),
    ActionType("compute.start_server", "low", "Start a server that is stopped (Nova os-start)."),
    ActionType("compute.enable_service", "low", "Let the scheduler use a host again (Nova os-services, status)."),
    ActionType("compute.disable_service", "low", "Keep the scheduler off a host (Nova os-services, status)."),
    ActionType("compute.unlock_server", "low", "Let its owner act on a server again (Nova unlock)."),
    ActionType("compute.lock_server", "low", "Keep its owner from acting on a server (Nova lock)."),
    ActionType("compute.fence", "high", "Power a host off by its BMC, so that it writes to no disk any more."),
    ActionType("compute.force_down", "high", "Have Nova take a host's service for down (os-services, forced_down)."),
    ActionType("compute.evacuate_host", "high", "Rebuild every server of a dead host elsewhere (Nova evacuate)."),
    ActionType("compute.evacuate_server", "high", "Rebuild one server of a dead host elsewhere (Nova evacuate)."),
    ActionType("compute.live_migrate_server", "high", "Move a running server to another host (Nova os-migrateLive)."),
    ActionType("compute.reboot_server", "high", "Reboot a server (Nova reboot)."),
    ActionType("compute.stop_server", "high", "Stop a server (Nova os-stop)."),
)
CATALOGUE: FrozenMap = FrozenMap({action.name: action for action in _ALL})  # name → ActionType


def is_destructive(action: str) -> bool:
    """Whether an action may take something away; an unknown one may."""
    return risk_of(action) == "high"


def risk_of(action: str) -> Risk:
    """Give the risk of an action; that of an unknown one is high."""
    found: ActionType | None = CATALOGUE.get(action)
    return found.risk if found else "high"
