"""
What other packages bring: actions, executors, sources and leases, told by their entry points.

A package names what it brings in its own `pyproject.toml`; nothing of it is imported before somebody asks for it by
name, and one that cannot be used is said, never left out in silence.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from selfheal_rules.diagnostics import SelfHealError

Group: TypeAlias = Literal["actions", "executors", "sources", "leases"]
PREFIX = "selfheal_rules"
"""Groups of entry points are called `selfheal_rules.actions` and so on."""


class PluginError(SelfHealError):
    """A plug-in cannot be used; says which one, which package brings it, and why."""


@frozen(order=True)
class Plugin:
    """One entry point: by its name, and the package that brings it, with its version."""

    group: str
    name: str
    package: str
    _point: EntryPoint = field(eq=False, order=False, repr=False)

    def __str__(self) -> str:
        """Say which it is."""
        return f"`{self.name}` of {self.package} ({PREFIX}.{self.group})"

    def load(self) -> Any:  # noqa: ANN401 - what a stranger names
        """
        Import what it names.

        Raises:
            PluginError: where that fails, whatever a stranger's code raises.
        """
        try:
            return self._point.load()
        except Exception as error:
            raise PluginError(self.refused(f"{type(error).__name__}: {error}")) from error

    def made(self, *given: object, **named: object) -> Any:  # noqa: ANN401 - what a stranger makes
        """
        Call what it names, and give what that makes.

        Raises:
            PluginError: where it cannot be imported, is no function, or fails.
        """
        make = self.load()
        try:
            return make(*given, **named)
        except Exception as error:
            raise PluginError(self.refused(f"{type(error).__name__}: {error}")) from error

    def refused(self, why: str) -> str:
        """Say in a line why it is not used."""
        return f"the plug-in {self} cannot be used: {' '.join(why.split())}"


def plugins(group: Group) -> tuple[Plugin, ...]:
    """Give what is installed of a group, by name and package; nothing is imported."""
    found = (
        Plugin(group, one.name, f"{one.dist.name} {one.dist.version}" if one.dist else "no package", one)
        for one in entry_points(group=f"{PREFIX}.{group}")
    )
    return tuple(sorted(dict.fromkeys(found)))


def plugin(group: Group, name: str) -> Plugin:
    """
    Give the one plug-in of a name.

    Raises:
        PluginError: where no package brings it, or two do: which of them is meant, nobody can know.
    """
    found = [one for one in plugins(group) if one.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"two packages bring `{name}`: {' and '.join(map(str, found))}; take one of them away"
    else:
        known = ", ".join(f"`{one.name}`" for one in plugins(group)) or "none"
        message = f"no package that is installed brings `{name}` ({PREFIX}.{group}); there is {known}"
    raise PluginError(message)
