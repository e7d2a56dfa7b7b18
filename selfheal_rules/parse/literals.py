"""Single values: texts, numbers, durations, field paths, `$alias.field`, `$params.name`, `"${alias.field} is gone"`."""

import keyword
import re

from selfheal_rules.model import Literal, Operand, Parameter, Reference, Template
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.source import Span
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import parse_duration

RESERVED = frozenset({*keyword.kwlist, "params", "true", "false"})
"""What names no pattern: it has a meaning of its own in expressions."""

ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SEGMENT = r"[A-Za-z0-9_](?:[A-Za-z0-9_/-]*[A-Za-z0-9_])?"
PATH = re.compile(rf"{SEGMENT}(?:\.{SEGMENT})*")
_REFERENCE = re.compile(rf"\$([A-Za-z_][A-Za-z0-9_]*)\.({SEGMENT}(?:\.{SEGMENT})*)")
SLOT = re.compile(r"\$?\$\{([^{}]*)\}")
_TYPES = {bool: "boolean", int: "number", float: "number", str: "text"}


def shape(node: Node) -> str:
    """Name what stands there, for a message."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if node.value is None:
        return "nothing"
    text = node.text if len(node.text) <= 40 else node.text[:37] + "..."  # noqa: PLR2004 - a line's worth
    return f"the {_TYPES[type(node.value)]} `{' '.join(text.split())}`"


def _refuse(node: Node, what: str, wanted: str, findings: Findings, cure: str = "") -> None:
    findings.refuse("SH020", f"`{what}` takes {wanted}, not {shape(node)}", node, cure)


def text(node: Node, what: str, findings: Findings) -> str | None:
    """Give a text."""
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return node.value
    cure = f'write "{node.text}" in quotes' if isinstance(node, ScalarNode) and node.text else ""
    _refuse(node, what, "a text", findings, cure)
    return None


def integer(node: Node, what: str, findings: Findings) -> int | None:
    """Give a whole number."""
    if isinstance(node, ScalarNode) and type(node.value) is int:
        return node.value
    _refuse(node, what, "a whole number", findings)
    return None


def boolean(node: Node, what: str, findings: Findings) -> bool | None:
    """Give a truth value."""
    if isinstance(node, ScalarNode) and isinstance(node.value, bool):
        return node.value
    _refuse(node, what, "`true` or `false`", findings)
    return None


def alias(node: Node, what: str, findings: Findings) -> str | None:
    """Give the name a pattern is known by."""
    found = text(node, what, findings)
    if found is None:
        return None
    if found in RESERVED:
        findings.refuse("SH104", f"`{found}` has a meaning of its own and names no pattern", node, "take another name")
    elif not ALIAS.fullmatch(found):
        cure = "letters, digits and `_`, no digit first"
        findings.refuse("SH103", f"`{found}` is not a name for a pattern", node, cure)
    return found  # what names it, rightly or not, is known to the rest of the rule


def field_path(node: Node, what: str, findings: Findings) -> tuple[str, ...]:
    """Give the path of a field, such as `labels.zone`; an empty one where it is none."""
    found = text(node, what, findings)
    return path_of(found, node, findings) if found is not None else ()


def is_segment(name: str) -> bool:
    """Whether a text can name one field."""
    return re.fullmatch(SEGMENT, name) is not None


def path_of(name: str, node: Node, findings: Findings) -> tuple[str, ...]:
    """Split a dotted field path; an empty one where it is none."""
    if PATH.fullmatch(name):
        return tuple(name.split("."))
    own = name[1:].partition(".")[2] or name[1:]
    cure = f"write `{own}`: a field of this pattern is named alone" if name.startswith("$") else "names joined by dots"
    findings.refuse("SH105", f"`{name}` is not a field", node, cure)
    return ()


def own_path(name: str) -> tuple[str, ...]:
    """Give the path that `$alias.field` has behind the alias; an empty one where it is none."""
    found = _REFERENCE.fullmatch(name)
    return tuple(found[2].split(".")) if found else ()


def duration(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a duration, as text or as a parameter; its form is checked here."""
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        if node.text.startswith("$"):
            found = operand(node, what, findings)
            if found is None or isinstance(found, Parameter):
                return found
        try:
            parse_duration(node.value)
        except (ValueError, OverflowError):
            pass
        else:
            return Literal(node.value, span=node.span)
    findings.refuse("SH021", f"`{what}` takes a duration, not {shape(node)}", node, _duration_cure(node))
    return None


_SPELT = re.compile(r"(\d+)\s*(ms|s|m|h|d|sec|second|min|minute|hr|hour|day)s?", re.IGNORECASE)


def _duration_cure(node: Node) -> str:
    """Give the duration that was meant, where that can be told."""
    if isinstance(node, ScalarNode) and type(node.value) is int and node.value > 0:
        return f"write `{node.value}s` for seconds, `{node.value}m` for minutes"
    spelt = _SPELT.fullmatch(node.text.strip()) if isinstance(node, ScalarNode) else None
    if spelt:
        unit = spelt[2].lower()
        return f"write `{spelt[1]}{'ms' if unit == 'ms' else unit[0]}`"
    return "write whole numbers with units, such as `30s`, `5m` or `1h30m`"


def amount(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a number, or a parameter that stands for one."""
    if isinstance(node, ScalarNode):
        if type(node.value) in {int, float}:
            return Literal(node.value, span=node.span)
        if isinstance(node.value, str) and node.value.startswith("$params."):
            return operand(node, what, findings)
    is_quoted = isinstance(node, ScalarNode) and not node.plain and node.text.strip().isdecimal()
    cure = f"write {node.text} without quotes" if is_quoted and isinstance(node, ScalarNode) else ""
    _refuse(node, what, "a number or `$params.name`", findings, cure)
    return None


def operand(node: Node, what: str, findings: Findings) -> Operand | None:
    """Give a scalar: a literal, `$alias.field`, `$params.name`, or with `$$` first a text that begins with `$`."""
    if not isinstance(node, ScalarNode) or node.value is None:
        _refuse(node, what, "a single value", findings)
        return None
    value = node.value
    if not isinstance(value, str) or "$" not in value:
        return Literal(value, span=node.span)
    if SLOT.search(value) and not value.startswith("$$"):
        cure = "compare with `$alias.field` as a whole, or write `$$` for a `$`"
        findings.refuse("SH107", "texts are filled in by `${...}` in `then` alone", node, cure)
        return None
    return _dollar(value, node, findings)


def _dollar(value: str, node: ScalarNode, findings: Findings) -> Operand | None:
    if value.startswith("$$"):
        return Literal(value[1:], span=node.span)
    if not value.startswith("$"):
        return Literal(value, span=node.span)
    found = reference(value, node.span)
    if found is None:
        cure = f"write `$alias.field` or `$params.name`, or `${value}` for the text"
        findings.refuse("SH106", f"`{value}` names no field of a pattern", node, cure)
    return found


def reference(value: str, span: Span) -> Reference | Parameter | None:
    """Read `$alias.field` or `$params.name`; None where the text is neither."""
    matched = _REFERENCE.fullmatch(value)
    if matched is None:
        return None
    name, rest = matched.groups()
    if name == "params":
        return Parameter(rest, span=span) if "." not in rest else None
    return Reference(name, tuple(rest.split(".")), span=span)


def content(node: Node, what: str, findings: Findings) -> Operand | Template | None:
    """Give a value of a step: an operand, a text with `${alias.field}` in it, or a list or mapping of plain values."""
    if not isinstance(node, ScalarNode):
        before = len(findings.found)
        value = plain(node, what, findings, unfilled=True)
        return Literal(value, span=node.span) if len(findings.found) == before else None
    if isinstance(node.value, str) and SLOT.search(node.value):
        return _template(node.value, node, findings)
    return operand(node, what, findings)


def scalar_content(node: Node, what: str, findings: Findings) -> Operand | Template | None:
    """Give a single value of a step: an operand, or a text with `${alias.field}` in it."""
    if isinstance(node, ScalarNode) and node.value is not None:
        return content(node, what, findings)
    _refuse(node, what, "a single value", findings)
    return None


def _template(value: str, node: ScalarNode, findings: Findings) -> Template | Literal | None:
    parts: list[str | Reference | Parameter] = []
    at, sound = 0, True
    for slot in SLOT.finditer(value):
        parts.append(value[at : slot.start()])
        at = slot.end()
        if slot[0].startswith("$$"):
            parts.append(slot[0][1:])
            continue
        found = reference("$" + slot[1].strip(), node.span)
        if found is None:
            sound = False
            cure = "write `${alias.field}` or `${params.name}`, or `$${...}` for the text"
            findings.refuse("SH106", f"`{slot[0]}` names no field of a pattern", node, cure)
        else:
            parts.append(found)
    parts.append(value[at:])
    return Template(_joined(parts), span=node.span) if sound else None


def _joined(parts: list[str | Reference | Parameter]) -> tuple[str | Reference | Parameter, ...]:
    joined: list[str | Reference | Parameter] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)


def plain(node: Node, what: str, findings: Findings, *, unfilled: bool = False) -> Value:
    """
    Give a node as a frozen value: lists and mappings of plain values, without `$alias.field` in them.

    `unfilled` says that texts beside it are filled in, so that a `${alias.field}` here is taken for one that would be.
    """
    if isinstance(node, ListNode):
        return tuple(plain(item, what, findings, unfilled=unfilled) for item in node.items)
    if isinstance(node, MapNode):
        return FrozenMap({name: plain(item, name, findings, unfilled=unfilled) for name, item in node.entries.items()})
    value = node.value
    if not isinstance(value, str) or "$" not in value:
        return value
    slots = [slot[0] for slot in SLOT.finditer(value)] if unfilled else []
    if (value.startswith("$") and not value.startswith("$$")) or any(not slot.startswith("$$") for slot in slots):
        cure = "no reference is read here; `$$` stands for a `$`"
        findings.refuse("SH108", f"`{value}` stands where plain values do", node, cure)
    elif slots:
        return SLOT.sub(lambda slot: slot[0][1:], value)
    return value[1:] if value.startswith("$$") else value
