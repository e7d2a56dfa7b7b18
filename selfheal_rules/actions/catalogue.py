"""The catalogue of actions: what each may do to a cloud. One the catalogue does not know counts as the worst."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from selfheal_rules.actions import compute, hardware, network, orchestration, retired, site, storage
from selfheal_rules.actions.entry import ActionType, Risk
from selfheal_rules.plugins import Plugin, PluginError, plugins

_SERVICES = (site, compute, hardware, storage, network, orchestration, retired)


class Catalogue(Mapping[str, ActionType]):
    """
    Actions by name: our own, and behind them those that other packages bring (`selfheal_rules.actions`).

    Packages are asked once, and only for a name that is none of ours or for all there is. What cannot be used is told
    in `problems`: a package that fails, a name that is ours, and one that two bring, of which neither is taken.
    """

    def __init__(self, own: Mapping[str, ActionType]) -> None:
        """Begin with our own."""
        self._own = own

    def __getitem__(self, name: str) -> ActionType:
        """Give an action."""
        return self._own[name] if name in self._own else self._brought[0][name]

    def __iter__(self) -> Iterator[str]:
        """Give the names: ours in their order, then those of others by name."""
        yield from self._own
        yield from self._brought[0]

    def __len__(self) -> int:
        """Count all."""
        return len(self._own) + len(self._brought[0])

    @property
    def problems(self) -> tuple[str, ...]:
        """What other packages wanted to bring and could not, each in a line."""
        return self._brought[1]

    @cached_property
    def _brought(self) -> tuple[dict[str, ActionType], tuple[str, ...]]:
        found: list[tuple[Plugin, ActionType]] = []
        problems = []
        for one in plugins("actions"):
            try:
                found += [(one, action) for action in _actions(one)]
            except PluginError as error:
                problems.append(str(error))
        often = Counter(action.name for _, action in found)
        for one, action in found:
            if against := self._against(action.name, often):
                problems.append(one.refused(f"`{action.name}` {against}"))
        sound = sorted((action for _, action in found if not self._against(action.name, often)), key=lambda a: a.name)
        return {action.name: action for action in sound}, tuple(problems)

    def _against(self, name: str, often: Mapping[str, int]) -> str:
        if name in self._own:
            return "is an action of this library"
        if "." not in name:
            return "has no service before a dot"
        return "is brought twice, and neither is taken" if often[name] > 1 else ""


def _actions(one: Plugin) -> tuple[ActionType, ...]:
    """Give the actions a plug-in names: one, or several."""
    found: Any = one.load()
    every = (found,) if isinstance(found, ActionType) else tuple(found) if isinstance(found, list | tuple) else ()
    if not every or not all(isinstance(action, ActionType) for action in every):
        raise PluginError(one.refused("it names no `ActionType`, nor a tuple of them"))
    return every


CATALOGUE = Catalogue({action.name: action for service in _SERVICES for action in service.ACTIONS})
"""Every action by its name: name → `ActionType`."""


def is_destructive(action: str) -> bool:
    """Whether an action may take something away; an unknown one may."""
    return risk_of(action) == "high"


def risk_of(action: str) -> Risk:
    """Give the risk of an action; that of an unknown one is high."""
    found = CATALOGUE.get(action)
    return found.risk if found else "high"
