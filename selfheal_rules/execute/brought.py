"""Executors that other packages bring (`selfheal_rules.executors`)."""

from collections.abc import Iterable

from selfheal_rules.execute.executor import Executor
from selfheal_rules.plugins import PluginError, plugin

_WORDS = ("actions", "idempotent", "execute")


def brought(name: str, *, dry: bool = False) -> tuple[Executor, ...]:
    """
    Give the executors of a plug-in: what its function gives, called with `dry`, which asks for those that only look.

    Raises:
        PluginError: where there is no such plug-in, it fails, or what it gives are no executors.
    """
    found = plugin("executors", name)
    made = found.made(dry=dry)
    every = tuple(made) if isinstance(made, Iterable) else (made,)
    for one in every:
        if lacking := [word for word in _WORDS if not hasattr(one, word)]:
            raise PluginError(found.refused(f"`{type(one).__name__}` has no `{lacking[0]}`, and is no executor"))
    return every
