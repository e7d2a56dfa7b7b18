"""A stage with an engine for each of its partitions."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from selfheal_rules.compile.program import Program
from selfheal_rules.compile.routes import Route, partition_of
from selfheal_rules.compile.split import Stage
from selfheal_rules.divide.handover import Handover, Proposal
from selfheal_rules.divide.partition import Partition
from selfheal_rules.events import Event, State


@frozen(eq=False)
class Placed:
    """A stage with an engine for each of its partitions."""

    stage: Stage
    partitions: tuple[Partition, ...]
    routes: Mapping[str, Route] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Find routes by kind."""
        object.__setattr__(self, "routes", {route.kind: route for route in self.stage.routes})

    @classmethod
    def of(cls, program: Program, stage: Stage, count: int, settings: Mapping[str, Any]) -> "Placed":
        """Start the engines of a stage."""
        share = program.share(stage)
        return cls(stage, tuple(Partition(share, **settings) for _ in range(1 if stage.is_global else count)))

    def homes(self, item: Event | State) -> tuple[Partition, ...]:
        """Give the partitions that must see an item: one, or all, or, where the stage does not read its kind, none."""
        route = self.routes.get(item.kind)
        if route is None:
            return ()
        return self._at(None if self.stage.is_global else route.key(item))

    def _at(self, key: str | None) -> tuple[Partition, ...]:
        if key is None or len(self.partitions) == 1:
            return self.partitions
        return (self.partitions[partition_of(key, len(self.partitions))],)

    def sort(self, handed: Iterable[Handover]) -> dict[Partition, list[Handover]]:
        """Give what each partition decides on; that something holds no longer, whoever may have to do with it hears."""
        found: dict[Partition, list[Handover]] = {}
        for one in handed:
            if one.rule in self.stage.decided:
                key = one.key(self.stage.value(one.rule)) if isinstance(one, Proposal) else None
                for partition in self._at(key):
                    found.setdefault(partition, []).append(one)
        return found
