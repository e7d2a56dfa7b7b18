"""
Whether a rule decides alike when its stream is divided: the one judgement that everything about splitting rests on.

Given where the items of each kind go, a rule may be divided where each of its matches, with all that may block,
confirm or be concluded by it, lies in the partition of one value: its *root*. What cannot be shown is an obstacle.
"""

from collections.abc import Callable, Iterator, Mapping

from selfheal_rules.compile import obstacles as say
from selfheal_rules.compile.equalities import Equalities
from selfheal_rules.compile.obstacles import Obstacle
from selfheal_rules.compile.routes import Node, Route
from selfheal_rules.compile.scenes import Facts, Scene
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import Conclude, Guard, Pattern, Reference

Routes = Mapping[str, Route]
TARGET = ("target",)
"""What the engine's own acts are divided by."""
BY_VALUE = frozenset({"lock", "maintenance"})
"""The guards that go by the values beside their own word."""


def obstacles(facts: Facts, routes: Routes, *, told: bool) -> Iterator[Obstacle]:
    """Give what stands against dividing a rule when items go by these routes; `told`: some rule reads what it does."""
    for scene in facts.scenes:
        root = _root(scene, routes)
        if root is None:
            yield say.unanchored(facts, scene)
            continue
        for one in (scene, *scene.inner):
            yield from strays(facts, one, routes, root)
        yield from _unkeyed(facts, scene, root)
        for step in facts.conclusions:
            yield from _astray(step, routes, scene.equal, root)
        yield from _untold(facts, scene, root) if told else ()
        yield from _shared(facts, scene.equal, root)


def _root(scene: Scene, routes: Routes) -> Node | None:
    """Give the value a match lies in the partition of: that of its first pattern found in one partition only."""
    for pattern in scene.patterns:
        nodes = list(_nodes(pattern, routes))
        if may_anchor(scene, pattern) and all(node is not None for node in nodes):
            return nodes[0]
    return None


def may_anchor(scene: Scene, pattern: Pattern) -> bool:
    """Whether a row of a pattern is found in one partition only: none that is picked, none for an empty group."""
    return pattern.pick is None and pattern.alias not in scene.open


def _nodes(pattern: Pattern, routes: Routes) -> Iterator[Node | None]:
    """Give the values the items of a pattern are divided by; None for a kind that goes everywhere or nowhere."""
    for kind in pattern.kinds:
        route = routes.get(kind)
        yield (pattern.alias, route.path) if route and route.path else None


def strays(facts: Facts, scene: Scene, routes: Routes, root: Node) -> Iterator[Obstacle]:
    """Give the patterns of a scene that may be met by items of another partition."""
    for pattern in scene.patterns:
        for kind, node in zip(pattern.kinds, _nodes(pattern, routes), strict=True):
            if kind not in routes and say.moves_with(pattern, scene.equal, root):
                yield say.movable(facts, pattern, facts.rules.vocabulary.kinds[kind])
            elif kind not in routes or (node and not _is_home(scene, pattern, node, root)):
                yield say.unjoined(pattern, kind, scene.word, root)


def _is_home(scene: Scene, pattern: Pattern, node: Node, root: Node) -> bool:
    """Whether every row that may stand for a pattern lies in the partition of the root."""
    if pattern.alias in scene.groups and node[1] not in scene.groups[pattern.alias]:
        return False
    return scene.equal_for(pattern).are_equal(node, root)


def _unkeyed(facts: Facts, scene: Scene, root: Node) -> Iterator[Obstacle]:
    """Give it where a rule might fire for one key in two partitions."""
    if facts.does and not any(scene.equal.are_equal(node, root) for node in facts.key):
        yield say.unkeyed(facts, root)


def _astray(step: Conclude, routes: Routes, equal: Equalities, root: Node) -> Iterator[Obstacle]:
    """Give it where what is concluded may belong to another partition than its match."""
    route = routes.get(step.kind)
    if route is None:
        yield say.unplaced(step, root)
        return
    value = step.fields.get(route.path[0]) if len(route.path) == 1 else None
    if not _is_root(value, equal, root):
        yield say.astray(step, ".".join(route.path), root)


def _untold(facts: Facts, scene: Scene, root: Node) -> Iterator[Obstacle]:
    """Give the steps whose target does not say in which partition another rule hears of them."""
    for step in facts.dos:
        if not _is_root(step.target, scene.equal, root):
            yield say.untold(step, root)


def _shared(facts: Facts, equal: Equalities, root: Node) -> Iterator[Obstacle]:
    """Give the guards that look at more than one partition, and the steps that may contend with those of another."""
    for guard in facts.rule.guard:
        if not is_counted_by(guard, lambda value: _is_root(value, equal, root)):
            yield say.shared(guard, root)
    for step in facts.guarded:
        if not _is_root(step.target, equal, root):
            yield say.contended(step, root)


def is_counted_by(guard: Guard, holds: Callable[[object], bool]) -> bool:
    """
    Whether a guard counts within one partition, if a value that `holds` says which; of what is locked, each has to.

    Some go by the target, or an approval by the step itself, where they say nothing.
    """
    if "of" in guard.settings or "scope" in guard.settings:
        return False
    own = guard.settings.get(guard.name if guard.name in BY_VALUE else "by", ())
    named = own if isinstance(own, tuple) else (own,)
    if not named:
        return GUARDS[guard.name].by_target or guard.name == "approval"
    return all(map(holds, named)) if guard.name == "lock" else any(map(holds, named))


def _is_root(value: object, equal: Equalities, root: Node) -> bool:
    return isinstance(value, Reference) and equal.are_equal((value.alias, value.path), root)
