"""Decisions as tests speak of them, from YAML; what no rule could ever decide is found before anything runs."""

from collections.abc import Iterable, Iterator

from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, closed
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import MapNode, Node
from selfheal_rules.parse.suite import WANTED
from selfheal_rules.testing.cases import SIDES, STATUSES, Side, Wanted
from selfheal_rules.testing.expand import offset
from selfheal_rules.testing.programs import Known
from selfheal_rules.testing.words import word
from selfheal_rules.values import FrozenMap, Value


def read_wanted(node: Node, side: Side, known: Known, findings: Findings) -> Wanted | None:
    """Read one item of `expect`, `suppressed` or `held`."""
    fields = closed(node, WANTED, findings)
    if fields is None:
        return None
    if not fields.node.entries:
        findings.refuse("SH417", "an expected decision says something of it", node, "add `do:`")
    before = len(findings.found)
    words = dict(_words(fields, known))
    status = word(fields, "status", STATUSES)
    if status is not None:
        _refuse_side(fields, side, status)
        words["status"] = status
    when = offset(fields, "at", {})
    if when is not None:
        words["at"] = when
    ordered = FrozenMap({name: words[name] for name in fields.node.entries if name in words})
    return Wanted(ordered, side, span=fields.span) if len(findings.found) == before else None


def read_decision(fields: Fields, known: Known) -> Wanted | None:
    """Read which decision a result or a control is about."""
    before = len(fields.findings.found)
    words = FrozenMap(_words(fields, known))
    if not words:
        cure = "add `do:` and `target:`"
        fields.findings.refuse("SH417", f"{fields.what} names the decision it is about", fields.node, cure)
    return Wanted(words, span=fields.span) if len(fields.findings.found) == before else None


def _refuse_side(fields: Fields, side: Side, status: str) -> None:
    node = fields.node_of("status")
    if status not in SIDES[side] and node is not None:
        right = next(name for name, statuses in SIDES.items() if status in statuses)
        fields.findings.refuse("SH422", f"`{side}` has no decision that is `{status}`", node, f"move it to `{right}`")


def _words(fields: Fields, known: Known) -> Iterator[tuple[str, Value]]:
    """Give what is said of the decision itself."""
    for name, told in (("do", known.actions), ("rule", known.rules), ("step", known.steps), ("by", known.guards)):
        found = fields.text(name)
        if found:
            refuse_unknown(fields, name, found, told)
            yield name, found
    node = fields.node_of("target")
    if node is not None:
        yield "target", literals.plain(node, "target", fields.findings)
    if fields.has("attempt"):
        yield "attempt", fields.integer("attempt")
    if fields.has("with"):
        yield "with", _params(fields, known)


_NOBODY = {"do": "no rule does `{}`", "rule": "there is no rule `{}`", "step": "no rule has a step `{}`"}


def refuse_unknown(fields: Fields, name: str, found: str, told: Iterable[str]) -> None:
    """Refuse what stands under a word and is none of what a program knows by it."""
    node, names = fields.node_of(name), list(told)
    if not found or found in names or node is None:
        return
    message = _NOBODY.get(name, "there is no guard `{}`").format(found)
    plain = [one for one in names if "/" not in one]
    fields.findings.refuse("SH416", message, node, did_you_mean(found, plain))


def _params(fields: Fields, known: Known) -> FrozenMap:
    node = fields.node_of("with")
    if not isinstance(node, MapNode):
        fields.findings.refuse("SH020", "`with` takes a mapping of parameters", node or fields.node)
        return FrozenMap()
    names = known.params_of(fields.text("do"))
    for name in node.entries:
        if name not in names:
            message = f"no step here gives `{name}`"
            fields.findings.refuse("SH416", message, node.keys[name], did_you_mean(name, names))
    return FrozenMap({name: literals.plain(inner, name, fields.findings) for name, inner in node.entries.items()})
