"""One HTML file that holds all it shows: no network, no clock, nothing run that this library did not write."""

import json
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from selfheal_rules.report.history import History
from selfheal_rules.report.rows import Row, said
from selfheal_rules.report.summary import summary
from selfheal_rules.values import microseconds
from selfheal_rules.wording import clean

SCRIPTS = (
    "dom",
    "words",
    "data",
    "filters",
    "list",
    "axis",
    "lanes",
    "evidence",
    "decision",
    "summary",
    "rules",
    "page",
)
"""The parts of the page's program, in the order they stand in it."""

_WRAPPED = '"use strict";\n(() => {{\n{}\n}})();\n'
"""Its names are its own."""

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def page(history: History, title: str, generated: datetime | None = None, coverage: Row | None = None) -> str:
    """
    Give a history as one HTML file; the same history gives the same bytes.

    `coverage` is laid over the lines of rules; `generated` is told, if it is given.
    """
    style = _part("page.css")
    script = _WRAPPED.format("\n".join(_part(f"{name}.js") for name in SCRIPTS))
    return Template(_part("page.html")).substitute(
        title=escape(clean(title)),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=_data(told(history, title, generated, coverage)),
    )


def told(history: History, title: str, generated: datetime | None, coverage: Row | None) -> Row:
    """Give all that a page says, as its program reads it."""
    heads = summary(history)
    return said(
        {
            "title": clean(title),
            "generated": None if generated is None else microseconds(generated),
            "unit": history.unit,
            "inputs": history.inputs,
            "unseen": history.unseen,
            "first": history.first,
            "last": history.last,
            "summary": heads,
            "rules": list(history.rules.values()),
            "episodes": list(history.episodes.values()),
            "decisions": history.decisions,
            "controls": history.controls,
            "evidence": history.evidence.rows,
            "coverage": coverage,
        }
    )


def _part(name: str) -> str:
    return (files("selfheal_rules.report") / "page" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _data(value: Row) -> str:
    """Write JSON that can stand inside a script: no mark-up can begin in it."""
    return json.dumps(value, separators=(",", ":")).translate(_ESCAPES)
