"""Random rule sets, as the YAML an author would write; a function of the randomness it is given."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import define, field

from tests.generate.chance import Chance

Json: TypeAlias = dict[str, Any]

HOSTS = ("a", "b", "c")
LEVELS = ("low", "mid", "high")
NOTES = ("disk full", "disk slow", "fan", "")
TAGS = ("x", "y", "z")
VOCABULARY = """\
types:
  host: {enum: [a, b, c]}
  level: {ordered: [low, mid, high]}
events:
"""
PLAIN = "n: integer, note: string"
RICHER = f"{PLAIN}, x: number, level: level, tags: {{list: string}}, seen: time"
for _name, _more in (("beat", RICHER), ("fail", RICHER), ("echo", PLAIN), ("boom", PLAIN)):
    VOCABULARY += f"  {_name}: {{fields: {{host: {{type: host, required: true}}, {_more}}}}}\n"
VOCABULARY += "states:\n"
VOCABULARY += f"  node: {{key: [host], fields: {{host: host, {RICHER}}}}}\n"
VOCABULARY += f"  disk: {{key: [name], fields: {{name: string, host: {{type: host, required: true}}, {RICHER}}}}}\n"
VOCABULARY += f"  probe: {{key: [source, host], fields: {{host: host, {PLAIN}, x: number, level: level}}}}\n"
for _name, _more in (("trouble", f"level: level, {PLAIN}"), ("storm", f"level: level, {PLAIN}"), ("mark", PLAIN)):
    VOCABULARY += f"  {_name}: {{key: [host], fields: {{host: host, {_more}}}}}\n"
PARAMETERS = "params: {{patience: {{type: duration, default: {}}}, least: {{type: integer, default: 1}}}}\n"
RICH = ("host", "n", "x", "level", "note", "tags", "seen")
FIELDS: dict[str, tuple[str, ...]] = {
    "beat": RICH, "fail": RICH, "echo": ("host", "n", "note"), "boom": ("host", "n", "note"),
    "node": RICH, "disk": RICH, "probe": RICH[:5],
    "trouble": ("host", "level", "n", "note"), "storm": ("host", "level", "n", "note"), "mark": ("host", "n", "note"),
}  # fmt: skip
EVENTS = ("beat", "fail")
STATES = ("node", "disk", "probe")


@define
class Bound:
    """A pattern that was written: its name, what it reads and whether it is one event."""

    alias: str
    form: str
    kind: str
    fields: tuple[str, ...]
    counted: bool = False


@define
class Maker(Chance):
    """Writes one rule set; `forms` gathers, for each rule, the forms of the language in it."""

    events: list[str] = field(factory=lambda: list(EVENTS))
    states: list[str] = field(factory=lambda: list(STATES))
    forms: dict[str, set[str]] = field(factory=dict)
    rule: str = ""
    aliases: int = 0

    def note(self, form: str) -> None:
        """Remember that the rule being written uses a form."""
        self.forms.setdefault(self.rule, set()).add(form)

    def span(self, least: int = 1, most: int = 6) -> str:
        """Give a duration of whole seconds, or a parameter that is one."""
        if self.yes(0.06):
            self.note("parameter")
            return "$params.patience"
        return f"{self.between(least, most)}s"

    def name(self) -> str:
        """Give the next alias."""
        self.aliases += 1
        return f"p{self.aliases}"


def leaf(maker: Maker, name: str, known: list[Bound], *, counted: bool = False) -> Any:  # noqa: ANN401 - a scalar, a list or operators
    """Give what a field is held against."""
    others = [] if counted else [one for one in known if name in one.fields and not one.counted]
    if others and maker.yes(0.4):
        return reference_leaf(maker, name, maker.pick(others))
    return LEAVES[name](maker)


def reference_leaf(maker: Maker, name: str, other: Bound) -> Any:  # noqa: ANN401 - text or operators
    """Give a comparison with another item of the match."""
    operand = f"${other.alias}.{name}"
    if name in {"n", "x", "level", "seen"} and maker.yes(0.5):
        maker.note("compare $")
        return {maker.pick(ORDERS): operand}
    if name in {"host", "n", "note", "level"} and maker.yes(0.2):
        maker.note("not $")
        return {"not": operand}
    if name in {"n", "level"} and maker.yes(0.6):
        maker.note("in $")
        return [operand, maker.pick({"n": (0, 1, 2), "level": LEVELS}[name])]
    if name == "note" and maker.yes(0.7):
        maker.note("text $")
        return {maker.pick(("contains", "starts_with", "ends_with")): operand}
    if name in {"seen", "tags", "x"}:
        return LEAVES[name](maker)
    maker.note("join $")
    return operand


ORDERS = ("at_least", "more_than", "at_most", "less_than")


def _choice(words: tuple[Any, ...]) -> Callable[[Maker], Any]:
    def choice(maker: Maker) -> Any:  # noqa: ANN401 - a scalar, a list or operators
        shape = maker.pick(("is", "is", "in", "not", "not in"))
        maker.note(f"leaf {shape}")
        held = maker.sample(words, 2) if shape in {"in", "not in"} else maker.pick(words)
        return {"not": held} if shape in {"not", "not in"} else held

    return choice


def _order(words: tuple[Any, ...]) -> Callable[[Maker], Any]:
    def order(maker: Maker) -> Any:  # noqa: ANN401 - a scalar, a list or operators
        if maker.yes(0.3):
            return _choice(words)(maker)
        comparison = maker.pick(ORDERS)
        maker.note(f"leaf {comparison}")
        if words == NUMBERS and maker.yes(0.1):
            maker.note("parameter")
            return {comparison: "$params.least"}
        return {comparison: maker.pick(words)}

    return order


TEXTS: dict[str, tuple[str | bool, ...]] = {
    "is": NOTES, "not": NOTES, "exists": (False, True),
    "matches": ("disk", "^disk (full|slow)$", "[a-f]an?", "^f[an]+$"), "glob": ("disk *", "*", "f?n", "*[lw]"),
    "contains": ("disk", "l", " "), "starts_with": ("disk", "f"), "ends_with": ("full", "n", ""),
}  # fmt: skip


def _text(maker: Maker) -> Any:  # noqa: ANN401 - a scalar or operators
    operator = maker.pick(tuple(TEXTS))
    maker.note(f"leaf {operator}")
    held = maker.pick(TEXTS[operator])
    return held if operator == "is" else {operator: held}


def _tags(maker: Maker) -> Json:
    maker.note("leaf contains")
    return {"contains": maker.pick(TAGS)}


def _age(maker: Maker) -> Json:
    comparison = maker.pick(ORDERS)
    maker.note(f"age {comparison}")
    return {comparison: maker.span()}


NUMBERS = (0, 1, 2, 3)
LEAVES: dict[str, Callable[[Maker], Any]] = {
    "host": _choice(HOSTS),
    "n": _order(NUMBERS),
    "x": _order((0, 0.5, 1, 1.0, 2.5)),
    "level": _order(LEVELS),
    "note": _text,
    "tags": _tags,
    "seen": _age,
}


def where(maker: Maker, kind: str, known: list[Bound], *, most: int = 2, counted: bool = False) -> Json:
    """Give some leaves over a kind."""
    names = [name for name in FIELDS[kind] if name != "seen" or maker.yes(0.5)]
    count = maker.pick((0, 0, 0, 1, 1, most))
    chosen = maker.sample(names, count)
    return {name: leaf(maker, name, known, counted=counted) for name in chosen}


def pattern(maker: Maker, form: str, known: list[Bound], *, plain: bool = False, most: int = 2) -> tuple[Json, Bound]:
    """Give a pattern and what it binds."""
    kinds = maker.events if form == "event" else maker.states
    kind = maker.pick(kinds)
    found: Json = {"as": maker.name(), form: kind}
    maker.note(f"{form} pattern")
    fields = FIELDS[kind]
    if kind in EVENTS and form == "event" and maker.yes(0.1):
        found[form] = list(EVENTS)
        maker.note("several kinds")
    leaves = where(maker, kind, known, most=most)
    if leaves:
        found["where"] = leaves
    if form == "state" and not plain and maker.yes(0.3):
        found["for"] = maker.span()
        maker.note("for on a pattern")
    return found, Bound(found["as"], form, kind, fields)


def counted_pattern(maker: Maker, known: list[Bound], joined: list[str]) -> tuple[Json, Bound]:
    """Give a count or an aggregate."""
    form = maker.pick(("event", "event", "state"))
    kind = maker.pick(maker.events if form == "event" else maker.states)
    found: Json = {"as": maker.name(), form: kind}
    leaves = where(maker, kind, [], most=1, counted=True)
    others = [one for one in known if not one.counted]
    if others and not joined and maker.yes(0.4):
        leaves["host"] = f"${maker.pick(others).alias}.host"
        joined = ["host"]
        maker.note("count joined by $")
    if leaves:
        found["where"] = leaves
    by = [] if "host" in joined or maker.yes(0.4) else maker.pick((["host"], ["host"], ["host", "n"], ["n", "host"]))
    spans = {"within": maker.span(2, 7)} if form == "event" or maker.yes(0.4) else {}
    maker.note(f"count over {form}s" + (" within" if spans else ""))
    word, numbers = _count(maker, kind) if maker.yes(0.5) or "x" not in FIELDS[kind] else _aggregate(maker, kind)
    found[word] = {**numbers, **spans, **({"by": by} if by else {})}
    if maker.yes(0.15):
        found["for"] = maker.span(1, 4)
        maker.note("for on a count")
    fields = tuple(dict.fromkeys([*by, *joined]))
    return found, Bound(found["as"], form, kind, fields, counted=True)


def _count(maker: Maker, kind: str) -> tuple[str, Json]:
    comparison = maker.pick(("at_least", "at_least", "more_than", "at_most", "less_than"))
    maker.note(f"count {comparison}")
    found: Json = {comparison: "$params.least" if maker.yes(0.1) else maker.between(1, 3)}
    if maker.yes(0.15):
        found["at_most" if comparison in {"at_least", "more_than"} else "at_least"] = maker.between(1, 4)
    if maker.yes(0.25):
        found["distinct"] = maker.pick([name for name in FIELDS[kind] if name in {"n", "note", "host", "x"}])
        maker.note("count distinct")
    return "count", found


def _aggregate(maker: Maker, kind: str) -> tuple[str, Json]:
    measure = maker.pick(("avg", "min", "max", "sum", "rate", "rate", "percent_of"))
    comparison = maker.pick(ORDERS)
    maker.note(f"aggregate {measure}")
    if measure == "percent_of":
        inner: Json = {}
        while not inner:
            inner = {name: held for name, held in where(maker, kind, [], counted=True).items() if name != "seen"}
        return "aggregate", {measure: inner, comparison: maker.pick((25, 50, 100))}
    return "aggregate", {measure: maker.pick(("n", "x")), comparison: maker.pick((0, 0.5, 1, 2))}


def formula(maker: Maker, known: list[Bound]) -> Json | None:
    """Give a test over what is bound, where there is anything to reckon with."""
    numbers = [f"{one.alias}.{name}" for one in known for name in ("n", "x") if name in one.fields and not one.counted]
    numbers += [f"{one.alias}.count" for one in known if one.counted and one.form == "count"]
    if not numbers:
        return None
    maker.note("test")
    left, right = maker.pick(numbers), maker.pick([*numbers, "1", "2"])
    shapes = (
        f"{left} > {right}", f"{left} + {right} >= 2", f"{left} / {right} < 2", f"{left} % {right} == 0",
        f"not ({left} == {right})", f"abs({left} - {right}) <= 1", f"min({left}, {right}) < 2 or {left} == 3",
        f"{left} in [0, 2] and {right} != 1", f"round({left} * 0.5) >= {right} // 2", f"-{left} < max({right}, 1)",
    )  # fmt: skip
    return {"test": maker.pick(shapes)}


def dump(ruleset: str, rules: list[Json], patience: str = "3s") -> str:
    """Write a rule set as YAML, a line for each key of a rule."""
    lines = ["selfheal: 1", f"ruleset: {ruleset}", VOCABULARY + PARAMETERS.format(patience) + "rules:"]
    for rule in rules:
        lines.append(f"  - id: {rule['id']}")
        for name, value in rule.items():
            if name == "then":
                lines += ["    then:", *(f"      - {json.dumps(step)}" for step in value)]
            elif name != "id":
                lines.append(f"    {name}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"
