"""Which values of a match its joins make equal."""

from collections.abc import Iterable

from attrs import define, field

from selfheal_rules.compile.branches import Join
from selfheal_rules.compile.routes import Node


@define(eq=False)
class Equalities:
    """Values of a match in classes: two stand in one class where a chain of joins makes them equal."""

    _parents: dict[Node, Node] = field(factory=dict)

    @classmethod
    def of(cls, joins: Iterable[Join]) -> "Equalities":
        """Give the classes of joins that all hold."""
        return cls().and_(joins)

    def and_(self, joins: Iterable[Join]) -> "Equalities":
        """Give the classes with more joins that hold as well."""
        found = Equalities(dict(self._parents))
        for join in joins:
            left, right = (join.left.alias, join.left.path), (join.right.alias, join.right.path)
            found._parents[found.first(left)] = found.first(right)
        return found

    def first(self, node: Node) -> Node:
        """Give the value that stands for the class of a value."""
        parents = self._parents
        while (parent := parents.setdefault(node, node)) != node:
            node = parent
        return node

    def are_equal(self, one: Node, other: Node) -> bool:
        """Whether two values are one and the same in every match."""
        return self.first(one) == self.first(other)

    def nodes(self) -> tuple[Node, ...]:
        """Give every value that is in a join, in order."""
        return tuple(self._parents)
