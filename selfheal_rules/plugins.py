"""
What other packages bring: actions, guards, executors, sources and leases, told by their entry points.

A package names what it brings in its own `pyproject.toml`; nothing of it is imported before somebody asks for it by
name, and one that cannot be used is said, never left out in silence.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

from selfheal_rules.diagnostics import SelfHealError

Group: TypeAlias = Literal["actions", "guards", "executors", "sources", "leases"]
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


class Named(Protocol):
    """What stands in a catalogue."""

    @property
    def name(self) -> str:
        """What rules call it."""


Entry = TypeVar("Entry", bound=Named)


class Catalogue(Mapping[str, Entry], Generic[Entry]):
    """
    What rules may name: our own, and behind it what other packages bring.

    Packages are asked once, and only for a name that is none of ours or for all there is; theirs have a dot in them.
    What cannot be used is told in `problems`: a package that fails, a name that is ours, and one that two bring, of
    which neither is taken.
    """

    def __init__(
        self, group: Group, kind: type[Entry], own: Mapping[str, Entry], against: Callable[[Entry], str] = lambda _: ""
    ) -> None:
        """Begin with our own; `against` says what else keeps an entry from being used, or an empty text."""
        self._group = group
        self._kind = kind
        self._own = own
        self._refuses = against

    def __getitem__(self, name: str) -> Entry:
        """Give an entry."""
        return self._own[name] if name in self._own or "." not in name else self._brought[0][name]

    def __iter__(self) -> Iterator[str]:
        """Give the names: ours in their order, then those of others by name."""
        yield from self._own
        yield from self._brought[0]

    def __len__(self) -> int:
        """Count all."""
        return len(self._own) + len(self._brought[0])

    @property
    def own(self) -> Mapping[str, Entry]:
        """Ours alone."""
        return self._own

    @property
    def problems(self) -> tuple[str, ...]:
        """What other packages wanted to bring and could not, each in a line."""
        return self._brought[1]

    @cached_property
    def _brought(self) -> tuple[dict[str, Entry], tuple[str, ...]]:
        found: list[tuple[Plugin, Entry]] = []
        problems = []
        for one in plugins(self._group):
            try:
                found += [(one, entry) for entry in self._entries(one)]
            except PluginError as error:
                problems.append(str(error))
        often = Counter(entry.name for _, entry in found)
        sound = []
        for one, entry in found:
            if against := self._against(entry, often):
                problems.append(one.refused(f"`{entry.name}` {against}"))
            else:
                sound.append(entry)
        return {entry.name: entry for entry in sorted(sound, key=lambda one: one.name)}, tuple(problems)

    def _against(self, entry: Entry, often: Mapping[str, int]) -> str:
        if entry.name in self._own:
            return f"is one of the {self._group} of this library"
        if "." not in entry.name:
            return "has no name of its package before a dot"
        return "is brought twice, and neither is taken" if often[entry.name] > 1 else self._refuses(entry)

    def _entries(self, one: Plugin) -> tuple[Entry, ...]:
        """Give what a plug-in names: one entry, or several."""
        found: Any = one.load()
        every = (found,) if isinstance(found, self._kind) else tuple(found) if isinstance(found, list | tuple) else ()
        if not every or not all(isinstance(entry, self._kind) for entry in every):
            raise PluginError(one.refused(f"it names no `{self._kind.__name__}`, nor a tuple of them"))
        return every
