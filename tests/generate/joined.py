"""Random cases whose rules are mostly about one host, as rules of clouds are: a stream can be divided for them."""

import json
import re
from random import Random
from typing import Any

from attrs import evolve

from selfheal_rules.events import Event, State
from selfheal_rules.values import FrozenMap
from tests.generate.cases import Case, case
from tests.generate.rules import Json
from tests.generate.streams import Input

WHEN, STEP, KEPT = "    when: ", "      - ", 0.85
RULE, GUARDED = "  - id: ", 0.4
GUARDS = (
    "{limit: 1, per: 5s, by: [TARGET]}",
    "{cooldown: 4s}",
    "{cooldown: 3s, by: [TARGET]}",
    "{max_in_flight: 1, by: [TARGET]}",
    "{attempts: 2, per: 8s}",
    "{lock: [TARGET]}",
)
HOME = {"d1": "a", "d2": "a", "d3": "b"}
"""Where each disk is for good."""


def joined_case(seed: int) -> Case:
    """Give the case of a seed with its rules joined by host, and disks that stay where they are."""
    found, random = case(seed), Random(seed)
    texts = tuple(
        "".join(_line(line, random, text) for line in _guarded(text, random).splitlines(keepends=True))
        for text in found.texts
    )
    return evolve(found, texts=texts, items=tuple(map(_settled, found.items)))


def _line(line: str, random: Random, text: str) -> str:
    if line.startswith(STEP) and '"told"' in line and random.random() < KEPT:
        target = "$d.host" if '"state": "mark"' in text else "$d.target"
        return f"{STEP}{json.dumps({**json.loads(line.removeprefix(STEP)), 'target': target})}\n"
    if not line.startswith(WHEN):
        return line
    when = json.loads(line.removeprefix(WHEN))
    _join(when, random, "")
    return f"{WHEN}{json.dumps(when)}\n"


def _join(part: Any, random: Random, anchor: str) -> None:  # noqa: ANN401 - a condition as JSON
    """Join what stands under a condition by host; inside a negative to the `anchor` outside."""
    items = next((part[word] for word in ("all", "sequence", "any", "none") if word in part), [part])
    patterns = [item for item in items if "event" in item or "state" in item]
    if len(patterns) > 1 and "any" not in part and random.random() < KEPT:
        part["same"] = ["host"]
    for pattern in patterns:
        _group(pattern, random, alone=len(patterns) == 1)
        if anchor and random.random() < KEPT:
            pattern.setdefault("where", {})["host"] = f"${anchor}.host"
    first = anchor or next((item["as"] for item in patterns), "")
    for item in [*items, *part.get("unless", ())]:
        inside = "none" in item or item in part.get("unless", ())
        if item is not part and not (item in patterns and not inside):
            _join(item, random, first if inside or anchor else "")


def _group(pattern: Json, random: Random, *, alone: bool) -> None:
    for word in ("count", "aggregate"):
        if word in pattern and alone and "host" not in pattern.get("where", {}) and random.random() < KEPT:
            pattern[word]["by"] = list(dict.fromkeys([*pattern[word].get("by", ()), "host"]))


def _guarded(text: str, random: Random) -> str:
    """Give some rules guards that go by their target."""
    head, *rules = text.split(RULE)
    return RULE.join([head, *(_with_guard(rule, random) for rule in rules)])


def _with_guard(rule: str, random: Random) -> str:
    target = re.search(r'"target": "(\$[a-z0-9]+\.host)"', rule)
    if target is None or "timeout" in rule or random.random() > GUARDED:
        return rule
    chosen = random.sample(GUARDS, random.choice((1, 1, 2)))
    guards = ", ".join(one.replace("TARGET", target[1]) for one in chosen)
    return f"{rule.rstrip()}\n    guard: [{guards}]\n"


def _settled(item: Input) -> Input:
    if not isinstance(item, Event | State) or "name" not in item.fields or "host" not in item.fields:
        return item
    return evolve(item, fields=FrozenMap({**item.fields, "host": HOME[item.fields["name"]]}))
