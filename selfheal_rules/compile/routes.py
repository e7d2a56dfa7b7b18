"""Where items go when a stream is divided: to the partition of a value of theirs, or to every partition."""

from hashlib import blake2b

from attrs import frozen

from selfheal_rules.events import Event, State
from selfheal_rules.values import Value, canonical, lookup
from selfheal_rules.vocabulary import ATTRIBUTES

Path = tuple[str, ...]
Node = tuple[str, Path]
"""An alias and a path of its fields: one value of a match."""


@frozen(order=True)
class Route:
    """
    Items of `kind` go to the partition of the value at `path`; with an empty path they go to every partition.

    `fixed` says that the path is no part of what a state is told apart by, and was declared never to change: its
    clearings, which need not carry it, go to every partition.
    """

    kind: str
    path: Path = ()
    fixed: bool = False

    @property
    def everywhere(self) -> bool:
        """Whether every partition must see the items of the kind."""
        return not self.path

    def key(self, item: Event | State) -> str | None:
        """Give the partition key of an item, a text; None where every partition must see it."""
        if self.everywhere or (self.fixed and isinstance(item, State) and item.cleared):
            return None
        return key_text(self.value(item))

    def value(self, item: Event | State) -> Value:
        """Give the value an item is divided by; None where it lacks it."""
        if len(self.path) == 1 and self.path[0] in ATTRIBUTES:
            return getattr(item, self.path[0])
        return lookup(item.fields, self.path)

    def __str__(self) -> str:
        """Give the route as plans print it."""
        return f"{self.kind} by {'.'.join(self.path)}" if self.path else f"{self.kind} everywhere"


def key_text(value: Value) -> str:
    """Give a value as a partition key: 1, 1.0 and true have three texts, and a missing value is `null`."""
    return canonical(value)


def partition_of(key: str, partitions: int) -> int:
    """Give the number of the partition of a key; the same in every process, under every hash seed."""
    return int.from_bytes(blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()) % partitions
