"""What stands against dividing a rule, in words its author can act on."""

from attrs import field, frozen

from selfheal_rules.compile.equalities import Equalities
from selfheal_rules.compile.routes import Node
from selfheal_rules.compile.scenes import Facts, Scene
from selfheal_rules.model import Conclude, Do, Guard, Pattern
from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.vocabulary import Kind


@frozen
class Obstacle:
    """Why a rule cannot be divided: the reason, what would help, and where it stands."""

    reason: str
    help: str
    span: Span = field(default=NOWHERE, eq=False, repr=False)


def shown(node: Node) -> str:
    """Give a value as an author writes it."""
    return "$" + ".".join((node[0], *node[1]))


def unanchored(facts: Facts, scene: Scene) -> Obstacle:
    """Say why no part of a match lies in one partition only."""
    if facts.does and not facts.key:
        return _fires_for_all(facts)
    if not scene.patterns:
        reason = "it waits for nothing that is there, so it would be true in every partition"
        return Obstacle(reason, "let it wait for an event or a state as well", facts.rule.when.span)
    named = {alias for alias, _ in facts.key}
    pattern = next((one for one in scene.patterns if one.alias in named), scene.patterns[0])
    return _elsewhere(facts, scene, pattern)


def _fires_for_all(facts: Facts) -> Obstacle:
    span = facts.dos[0].target.span if facts.dos[0].target else facts.dos[0].span
    reason = "its key names no value of what it waits for, so it fires once for all"
    return Obstacle(reason, "let `key` or the target name one, such as `$alarm.host`", span)


def _elsewhere(facts: Facts, scene: Scene, pattern: Pattern) -> Obstacle:
    kind: Kind = facts.rules.vocabulary.kinds[pattern.kinds[0]]
    if pattern.pick:
        reason = f"`{kind.name}` is picked among all there are, wherever they belong"
        return Obstacle(reason, "join the candidates to another pattern by `same`", pattern.pick.span)
    if pattern.alias in scene.open:
        reason = f"a count of `{kind.name}` that may be zero is there in every partition"
        return Obstacle(reason, "let a pattern of its own say for what it is counted", pattern.span)
    if kind.form == "state":
        return movable(facts, pattern, kind)
    reason = f"nothing says which `{kind.name}` belong together"
    return Obstacle(reason, "join its patterns by `same`, and let the key name that field", pattern.span)


def movable(facts: Facts, pattern: Pattern, kind: Kind) -> Obstacle:
    """Say that a state may belong to another partition tomorrow."""
    wanted = [".".join(path) for alias, path in facts.key if alias == pattern.alias]
    field_ = f"its `{wanted[0]}`" if wanted else "the rest of it"
    apart = ", ".join(f"`{name}`" for name in kind.key)
    reason = f"`{kind.name}` is told apart by {apart}, so {field_} may change while it stands"
    return Obstacle(reason, "divide by its key, or declare the field fixed if it never changes", pattern.span)


def unjoined(pattern: Pattern, kind: str, word: str, root: Node) -> Obstacle:
    """Say that a pattern may be met by what belongs to another partition."""
    inside = "" if word == "when" else f" in `{word}`"
    verb = "is counted over" if pattern.count or pattern.aggregate else "is not joined to"
    reason = f"`{kind}`{inside} {verb} " + ("all" if verb == "is counted over" else f"`{shown(root)}`")
    return Obstacle(f"{reason}, so items of other partitions matter", _join(root, pattern), pattern.span)


def _join(root: Node, pattern: Pattern) -> str:
    if pattern.count or pattern.aggregate:
        return f"count `by` the field that is `{shown(root)}`, or join it by `same`"
    return f"join it by `same`, or by a field that is `{shown(root)}`"


def unkeyed(facts: Facts, root: Node) -> Obstacle:
    """Say that two partitions might fire a rule for one key."""
    if not facts.key:
        return _fires_for_all(facts)
    named = ", ".join(f"`{shown(node)}`" for node in facts.key)
    reason = f"its key, {named}, does not say to which `{shown(root)}` a firing belongs"
    span = facts.rule.key[0].span if facts.rule.key else facts.dos[0].span
    return Obstacle(reason, f"let `key` name `{shown(root)}` too", span)


def unplaced(step: Conclude, root: Node) -> Obstacle:
    """Say that what is concluded has no field that tells its partition."""
    reason = f"no field that tells one `{step.kind}` from another must equal `{shown(root)}`"
    return Obstacle(reason, f"let its key have a field, and let it be `{shown(root)}` here", step.span)


def astray(step: Conclude, name: str, root: Node) -> Obstacle:
    """Say that what is concluded may belong to another partition than its match."""
    reason = f"`{step.kind}` is divided by `{name}`, which need not be `{shown(root)}` here"
    return Obstacle(reason, f"say `{name}: {shown(root)}`", step.span)


def untold(step: Do, root: Node) -> Obstacle:
    """Say that who reads what a rule does would not hear of it."""
    reason = f"a rule reads what it does, and the target of `{step.action}` need not be `{shown(root)}`"
    return Obstacle(reason, f"let the target be `{shown(root)}`", step.span)


def shared(guard: Guard, root: Node) -> Obstacle:
    """Say that a guard looks beyond one partition."""
    reason = f"guard `{guard.name}` looks at more than one `{shown(root)}`"
    return Obstacle(reason, f"where each is to have its own, say `by: [{shown(root)}]`", guard.span)


def contended(step: Do, root: Node) -> Obstacle:
    """Say that a guarded step may act on what a step of another partition acts on."""
    reason = f"guarded steps mind each other, and the target of `{step.action}` need not be `{shown(root)}`"
    return Obstacle(reason, f"let the target be `{shown(root)}`", step.span)


def hearing(facts: Facts) -> Obstacle:
    """Say that a rule must be where the steps are decided that it hears of."""
    reason = "it reads what the engine itself does, and the steps it may hear of are decided in one place"
    return Obstacle(reason, "let another rule conclude what it needs from what is posted", facts.rule.when.span)


def concluding(facts: Facts) -> Obstacle:
    """Say that what follows from a step must be where the step is decided."""
    reason = f"it concludes `{facts.conclusions[0].kind}` once its steps are confirmed, which is where they are decided"
    return Obstacle(reason, "let a rule without `do` conclude it", facts.conclusions[0].span)


def resting(facts: Facts, other: Facts) -> Obstacle:
    """Say that a rule rests on the steps of another one."""
    reason = f"it rests on what rule `{other.rule.id}` concludes once its steps are confirmed"
    return Obstacle(reason, "let a rule without `do` conclude it", facts.rule.when.span)


def inherited(facts: Facts, other: Facts, obstacle: Obstacle) -> Obstacle:
    """Say that a rule stays with another one, and why that cannot be divided."""
    reason = f"it rests on rule `{other.rule.id}` or it on this, and that cannot be divided: {obstacle.reason}"
    return Obstacle(reason, obstacle.help, facts.rule.span)


def moves_with(pattern: Pattern, equal: Equalities, root: Node) -> bool:
    """Whether some value of a pattern equals the root, so that only its key is in the way."""
    return any(alias == pattern.alias and equal.are_equal((alias, path), root) for alias, path in equal.nodes())
