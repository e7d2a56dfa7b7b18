"""Mappings from YAML: how payloads of a user's own source become items."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path as File
from typing import TypeAlias

from selfheal_rules.diagnostics import Report
from selfheal_rules.mapping import (
    READINGS,
    Condition,
    Constant,
    Each,
    Filled,
    ItemMapping,
    Origin,
    Path,
    PayloadMapping,
    Reading,
    Taken,
    zone_of,
)
from selfheal_rules.model import Literal, Reference, Template
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, closed, keyed, list_items, table
from selfheal_rules.parse.files import nodes_of
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.vocabulary import check_version, named_vocabularies
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import Form

MAPPING = Keys(
    "a mapping", ("selfheal_mapping", "mapping", "vocabulary", "recognise", "items"), ("doc", "source", "time")
)
ITEM = Keys("an item", ("fields",), ("event", "state", "each", "where", "id", "time", "cleared"))
EACH = Keys("`each`", ("as", "in"))
TAKEN = Keys("a value", (), ("from", "path", "after", "before", "words", "else", "read", "format", "zone"))
CONDITION = Keys("a condition", (), ("exists", "not"))
FORMS: tuple[Form, ...] = ("event", "state")

Scalars: TypeAlias = tuple[Value, ...]
Names: TypeAlias = tuple[str, ...] | None
"""What a path may begin with; None where a faulty `each` leaves that open, and one mistake is one finding."""


def parse_mapping(source: Source, *, folder: File | None = None) -> tuple[PayloadMapping | None, Report]:
    """
    Read a mapping, and say everything that is wrong with how it is written.

    A value with a finding in it is left open, so that `check_mapping` can hold all else against its kinds. `folder` is
    where vocabulary files are looked for. Nothing is given where the text is no mapping, or its vocabulary cannot be
    read.
    """
    findings = Findings()
    fields = closed(nodes_of(source, findings), MAPPING, findings)
    found = _mapping(fields, folder) if fields else None
    return found, findings.report()


def is_mapping(source: Source) -> bool:
    """Whether a text begins as mappings do, so that a command that takes several kinds of files knows what it has."""
    words = (line.split("#")[0].strip() for line in source.lines)
    return next((word for word in words if word and word != "---"), "").startswith("selfheal_mapping:")


def _mapping(fields: Fields, folder: File | None) -> PayloadMapping | None:
    findings = fields.findings
    check_version(fields, "selfheal_mapping")
    name = fields.name("mapping")
    fields.refuse_empty("vocabulary", "name `openstack`, or a file with your own kinds")
    words = named_vocabularies(fields, folder)
    recognise = _conditions(fields, "recognise", ("payload",))
    if isinstance(node := fields.node_of("recognise"), MapNode) and not node.entries:
        findings.refuse("SH111", "`recognise` is empty", node, "name what its payloads have and no others do")
    source = fields.node_of("source")
    origin = _field(source, "source", ("payload",), findings) if source else Constant(name)
    time = _optional(fields, "time", ("payload",))
    fields.refuse_empty("items", "say at least one event or state")
    items = tuple(item for node in fields.items("items") if (item := _item(node, findings)))
    doc = fields.text("doc")
    if words.lost:
        return None
    return PayloadMapping(name, words.vocabulary, recognise, items, origin, time, doc, span=fields.span)


def _item(node: Node, findings: Findings) -> ItemMapping | None:
    fields = closed(node, ITEM, findings)
    if fields is None:
        return None
    form, kind = _kind(fields)
    each = _each(fields)
    known = None if fields.has("each") and not (each and each.name) else ("payload", *([each.name] if each else []))
    values = FrozenMap({name: _field(inner, name, known, findings) for name, inner, _ in _named(fields)})
    where = _conditions(fields, "where", known)
    cleared = _conditions(fields, "cleared", known) if fields.has("cleared") else None
    if form == "event" and cleared is not None:
        node_, cure = fields.node.keys["cleared"], "only a state is cleared; leave it out, or give a state"
        findings.refuse("SH160", "`cleared` stands in an event", node_, cure)
    ident, time = _optional(fields, "id", known), _optional(fields, "time", known)
    return ItemMapping(form, kind, values, each, where, cleared, ident, time, span=fields.span)


def _field(node: Node, name: str, known: Names, findings: Findings) -> Origin:
    """Read the value of a field; one with a finding in it is of no known type, and fits any."""
    before = len(findings.found)
    origin = _origin(node, name, known, findings)
    return origin if origin and len(findings.found) == before else Taken(())


def _named(fields: Fields) -> list[tuple[str, Node, ScalarNode]]:
    return list(table(fields.node_of("fields"), "fields", fields.findings))


def _kind(fields: Fields) -> tuple[Form, str]:
    said = [form for form in FORMS if fields.has(form)]
    if len(said) != 1:
        cure = "write `state: alarm` or `event: host.lost`"
        fields.findings.refuse("SH110", "an item has exactly one of `event` and `state`", fields.node, cure)
        return "event", ""
    return said[0], fields.name(said[0])


def _each(fields: Fields) -> Each | None:
    inner = closed(fields.node_of("each"), EACH, fields.findings)
    if inner is None:
        return None
    name = inner.read("as", literals.alias) or ""
    if name == "payload":
        inner.findings.refuse("SH104", "`payload` is the whole of it", inner.node.entries["as"], "take another name")
        name = ""
    path = inner.read("in", lambda node, what, findings: _reference(node, what, ("payload",), findings))
    return Each(name, path or (), span=inner.span)


def _optional(fields: Fields, name: str, known: Names) -> Origin | None:
    node = fields.node_of(name)
    return _field(node, name, known, fields.findings) if node else None


def _origin(node: Node, what: str, known: Names, findings: Findings) -> Origin | None:
    """Read a value: a constant, `$payload.x`, a text with `${payload.x}` in it, or `{from: …}`."""
    if isinstance(node, MapNode):
        return _taken(node, known, findings)
    if isinstance(node, ListNode):
        value = literals.plain(node, what, findings)
        return Constant(value, span=node.span)
    found = literals.content(node, what, findings)
    if isinstance(found, Literal):
        return Constant(found.value, span=node.span)
    if isinstance(found, Template):
        parts = [part if isinstance(part, str) else _path(part, node, known, findings) for part in found.parts]
        return Filled(tuple(part for part in parts if part), span=node.span)
    path = _path(found, node, known, findings) if found else None
    return Taken((path,), span=node.span) if path else None


def _path(found: object, node: Node, known: Names, findings: Findings) -> Path | None:
    if isinstance(found, Reference) and (known is None or found.alias in known):
        return (found.alias, *found.path)
    named = f"`{found}`" if not isinstance(found, Reference) else f"`${found.alias}`"
    cure = did_you_mean(found.alias, known or ()) if isinstance(found, Reference) else "a mapping has no parameters"
    findings.refuse("SH161", f"{named} is no part of the payload", node, cure)
    return None


def _reference(node: Node, what: str, known: Names, findings: Findings) -> Path | None:
    found = literals.operand(node, what, findings)
    if isinstance(found, Literal):
        findings.refuse("SH161", f"`{what}` takes a part of the payload", node, "write `$payload.name`")
        return None
    return _path(found, node, known, findings) if found else None


def _taken(node: MapNode, known: Names, findings: Findings) -> Taken | None:
    fields = keyed(node, TAKEN, findings)
    if fields.has("from") == fields.has("path"):
        cure = "write `{from: $payload.name}`, or `{path: [payload, ODD.NAME]}`"
        findings.refuse("SH110", "a value has exactly one of `from` and `path`", node, cure)
    paths = _sources(fields, known)
    words = _words(fields)
    if fields.has("else") and words is None:
        cure = "it stands for a word that `words` does not have"
        findings.refuse("SH160", "`else` stands without `words`", fields.node.keys["else"], cure)
    return Taken(
        paths, fields.text("after"), fields.text("before"), words, fields.read("else", _scalar),
        *_reading(fields), span=node.span,
    )  # fmt: skip


def _sources(fields: Fields, known: Names) -> tuple[Path, ...]:
    findings = fields.findings
    if fields.has("path"):
        fields.refuse_empty("path", "name the steps, such as `[payload, ODD.NAME]`")
        path = fields.read("path", lambda node, what, _: _odd_path(node, what, known, findings))
        return (path,) if path else ()
    node = fields.node_of("from")
    nodes = node.items if isinstance(node, ListNode) else [node] if node else []
    fields.refuse_empty("from", "name at least one part of the payload")
    found = (_reference(inner, "from", known, findings) for inner in nodes)
    return tuple(path for path in found if path)


def _odd_path(node: Node, what: str, known: Names, findings: Findings) -> Path | None:
    """Read a path step by step: names of any kind, and places in lists from 0."""
    steps = [_step(inner, what, findings) for inner in list_items(node, what, findings) or []]
    found = tuple(step for step in steps if step is not None)
    if not steps or len(found) < len(steps):
        return None
    if known is not None and found[0] not in known:
        cure = did_you_mean(str(found[0]), known)
        findings.refuse("SH161", f"`{found[0]}` is no part of the payload", node, cure)
        return None
    return found


def _step(node: Node, what: str, findings: Findings) -> str | int | None:
    if isinstance(node, ScalarNode) and type(node.value) is int:
        return node.value
    return literals.text(node, what, findings)


def _words(fields: Fields) -> FrozenMap | None:
    if not fields.has("words"):
        return None
    rows = list(table(fields.node_of("words"), "words", fields.findings))
    return FrozenMap({name: _scalar(inner, name, fields.findings) for name, inner, _ in rows})


def _scalar(node: Node, what: str, findings: Findings) -> Value:
    if isinstance(node, ScalarNode) and node.value is not None:
        return literals.plain(node, what, findings)
    findings.refuse("SH020", f"`{what}` takes a single value, not {literals.shape(node)}", node)
    return None


def _reading(fields: Fields) -> tuple[Reading, str, str]:
    """Read how a raw value becomes a field's: `read`, `format` and `zone`."""
    said, pattern, zone = fields.read("read", literals.text), fields.text("format"), fields.text("zone")
    read: Reading = next((reading for reading in READINGS if reading == said), "")
    node = fields.node_of("read")
    if node and said is not None and not read:
        fields.findings.refuse("SH162", f"nothing is read as `{said}`", node, did_you_mean(said, READINGS))
    elif node and (pattern or zone) and read != "time":
        fields.findings.refuse("SH160", f"`read: {said}` stands beside how a time is read", node, "leave it out")
    _refuse(fields, "format", pattern, _misfit_format, "write it as Python's `strptime` takes it: `%d.%m.%Y %H:%M:%S`")
    _refuse(fields, "zone", zone, _misfit_zone, "write `+01:00`, `UTC` or a name such as `Europe/Berlin`")
    return read, pattern, zone


def _refuse(fields: Fields, name: str, value: str, misfit: Callable[[str], bool], cure: str) -> None:
    node = fields.node_of(name)
    if node and value and misfit(value):
        fields.findings.refuse("SH162", f"`{name}` is `{value}`, by which no time can be read", node, cure)


_SAMPLE = datetime(2026, 11, 22, 16, 28, 31, tzinfo=UTC)


def _misfit_format(pattern: str) -> bool:
    """Whether a pattern does not read what it writes to the minute."""
    try:
        read = datetime.strptime(_SAMPLE.strftime(pattern), pattern)  # noqa: DTZ007 - compared without its zone
    except (ValueError, re.error):
        return True
    return read.replace(second=0, tzinfo=None) != _SAMPLE.replace(second=0, tzinfo=None)


def _misfit_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ValueError:
        return True
    return False


def _conditions(fields: Fields, name: str, known: Names) -> tuple[Condition, ...]:
    rows = table(fields.node_of(name), name, fields.findings)
    found = (_condition(path, inner, key, known, fields.findings) for path, inner, key in rows)
    return tuple(condition for condition in found if condition)


def _condition(name: str, node: Node, key: ScalarNode, known: Names, findings: Findings) -> Condition | None:
    path = literals.path_of(name, key, findings)
    if path and known is not None and path[0] not in known:
        close = did_you_mean(path[0], known)
        cure = close if close.startswith("did") else f"write `payload.{name}`"
        findings.refuse("SH161", f"`{path[0]}` is no part of the payload", key, cure)
        return None
    if not path:
        return None
    if not isinstance(node, MapNode):
        return Condition(path, _scalars(node, name, findings), span=node.span)
    fields = keyed(node, CONDITION, findings)
    if len(node.entries) != 1:
        findings.refuse("SH110", "a condition has exactly one of `exists` and `not`", node, "write `{exists: true}`")
    if fields.has("exists"):
        return Condition(path, exists=fields.boolean("exists"), span=node.span)
    inner = fields.node_of("not")
    return Condition(path, _scalars(inner, name, findings) if inner else (), negated=True, span=node.span)


def _scalars(node: Node, what: str, findings: Findings) -> Scalars:
    nodes = node.items if isinstance(node, ListNode) else [node]
    return tuple(_scalar(inner, what, findings) for inner in nodes)
