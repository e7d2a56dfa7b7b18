"""A record of a journal as a line that people read."""

from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.cli.words import shown
from selfheal_rules.journal import Record

_WIDTH = 160
_COLOURS = {"decision": "cyan", "intent": "yellow", "outcome": "green", "recovery": "red"}

_SAID: Mapping[str, Callable[[dict[str, Any]], list[Any]]] = {
    "journal": lambda data: ["format", data["format"]],
    "program": lambda data: [data["digest"], *(one["name"] for one in data["rulesets"])],
    "snapshot": lambda data: ["of program", data["program"], f"{len(data['engine']) * 3 // 4:,} bytes"],
    "event": lambda data: [data["time"], data["kind"], "from", data["source"], data["id"], _fields(data["fields"])],
    "state": lambda data: [
        data["time"], data["kind"], "cleared" if data.get("cleared") else "", "from", data["source"],
        _fields(data["fields"]),
    ],
    "outcome": lambda data: [data["time"], data["decision_id"], data["status"], data["detail"]],
    "control": lambda data: [
        data["time"], data["act"], data.get("subject", ""), "by", data["who"] + ":", data["why"],
    ],
    "time": lambda data: [data["now"]],
    "decision": lambda data: [
        data["time"], data["action"], shown(data["target"]), "by", data["rule"] + ":", data["verdict"],
        "after input", data["input"],
    ],
    "intent": lambda data: [data["key"], data["action"], shown(data["target"])],
    "recovery": lambda data: [
        "token", data["token"], "applied again", data["replayed"], "recorded late", data["missing"], data["torn"],
    ],
}  # fmt: skip


def line_of(record: Record, screen: Screen) -> str:
    """Write the number, the type and what matters most; long ones are cut."""
    words = [str(word) for word in _SAID[record.type](record.data) if word not in {"", None}]
    said = clean(" ".join(words)).replace("\n", "\\n")
    said = said if len(said) <= _WIDTH else f"{said[: _WIDTH - 3]}..."
    kind = screen.paint(f"{record.type:8}", _COLOURS.get(record.type, "dim"))
    return f"{record.number:>8} {kind} {said}"


def _fields(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in fields.items())
