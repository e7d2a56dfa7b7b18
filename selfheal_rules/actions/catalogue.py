"""The catalogue of actions: what each may do to a cloud. One the catalogue does not know counts as the worst."""

from selfheal_rules.actions import compute, hardware, network, orchestration, retired, site, storage
from selfheal_rules.actions.entry import ActionType, Risk
from selfheal_rules.plugins import Catalogue

_SERVICES = (site, compute, hardware, storage, network, orchestration, retired)


CATALOGUE = Catalogue(
    "actions", ActionType, {action.name: action for service in _SERVICES for action in service.ACTIONS}
)
"""Every action by its name: name → `ActionType`; behind our own those that other packages bring."""


def is_destructive(action: str) -> bool:
    """Whether an action may take something away; an unknown one may."""
    return risk_of(action) == "high"


def is_named_by_target(action: str) -> bool:
    """Whether an action does the same to a target whatever its values are; of an unknown one nobody can tell."""
    found = CATALOGUE.get(action)
    return found is not None and found.is_named_by_target


def risk_of(action: str) -> Risk:
    """Give the risk of an action; that of an unknown one is high."""
    found = CATALOGUE.get(action)
    return found.risk if found else "high"
