"""Mistakes to plant in rule sets that have none: where each can stand, the code it is told by, what it hides."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from selfheal_rules.model import RuleSet
from selfheal_rules.vocabulary import FieldType, Kind
from tests.documents import Document, Place

Token: TypeAlias = tuple[Any, ...]
"""Something one mistake may hide and another may need: names of a rule, the kind of a pattern, the value of a leaf."""

OPERATORS = (
    "at_least", "more_than", "at_most", "less_than", "matches", "contains", "starts_with", "ends_with", "exists",
)  # fmt: skip
MEANT = (
    "where", "count", "aggregate", "event", "state", "within", "same", "unless", "target", "with", "confirm",
    "timeout", "after", "healthy", "guard", "outcome", "when", "then", "distinct", "priority",
)  # fmt: skip
"""Keys that are still known for what they are with two letters exchanged."""


@frozen
class Fault:
    """
    One mistake: the place it changes, what it is changed to, and one of which codes stands at it.

    A text in `renamed` is the new name of the key; else `value` is what stands there (None: null), or an added entry,
    and `inner` leads on to the guilty part of it.
    """

    name: str
    place: Place
    codes: tuple[str, ...]
    renamed: str = ""
    value: Document = None
    inner: Place = ()
    hides: Sequence[Token] = ()
    needs: Sequence[Token] = ()

    def plant(self, document: Document) -> None:
        """Make the mistake."""
        around = inside(document, self.place[:-1])
        if not self.renamed:
            around[self.place[-1]] = copy.deepcopy(self.value)
            return
        entries = {self.renamed if name == self.place[-1] else name: inner for name, inner in around.items()}
        around.clear()
        around.update(entries)

    @property
    def guilty(self) -> Place:
        """Where the mistake stands once it is made."""
        return (*self.place[:-1], self.renamed) if self.renamed else (*self.place, *self.inner)

    def moved(self, place: Place) -> Place:
        """Give where a place is once the mistake is made."""
        size = len(self.place)
        return self.guilty + place[size:] if self.renamed and place[:size] == self.place else place

    def bears(self, other: "Fault") -> bool:
        """Whether both can be made, and neither hides the other."""
        if not (set(self.hides).isdisjoint(other.needs) and set(other.hides).isdisjoint(self.needs)):
            return False
        inner, outer = sorted((self, other), key=lambda one: -len(one.place))
        is_inside = inner.place[: len(outer.place)] == outer.place
        return not is_inside or (bool(outer.renamed) and inner.place != outer.place)


def inside(document: Document, place: Place) -> Document:
    """Give what stands at a place."""
    for name in place:
        document = document[name]
    return document


def swapped(word: str) -> str:
    """Exchange two letters in the middle of a word."""
    half = len(word) // 2
    return word[: half - 1] + word[half] + word[half - 1] + word[half + 1 :]


def faults(document: Document, ruleset: RuleSet) -> Iterator[Fault]:
    """Give every mistake that can be planted in a sound rule set."""
    yield from _in_head(document)
    for number, rule in enumerate(document["rules"]):
        yield from _in_rule(rule, ("rules", number), document)
        for place, inner in _inner(rule, ("rules", number)):
            yield from _anywhere(place, inner)
            if isinstance(inner, dict) and isinstance(name := inner.get("event", inner.get("state")), str):
                kind = ruleset.vocabulary.kinds.get(name)
                yield from _in_pattern(place, inner, kind) if kind else ()


def _inner(value: Document, place: Place) -> Iterator[tuple[Place, Document]]:
    yield place, value
    listed = enumerate(value) if isinstance(value, list) else ()
    for name, inner in value.items() if isinstance(value, dict) else listed:
        if name != "with":
            yield from _inner(inner, (*place, name))


KINDS: Token = ("kinds",)


def _in_head(document: Document) -> Iterator[Fault]:
    yield Fault("unknown head key", ("zzz",), ("SH102",), value=1)
    named = document.get("vocabulary", [])
    yield Fault(
        "unknown vocabulary", ("vocabulary",), ("SH114",), value=[*named, "zzwords"], inner=(len(named),), hides=[KINDS]
    )
    for number, name in enumerate(named):
        if name == "openstack":
            yield Fault("misspelt vocabulary", ("vocabulary", number), ("SH114",), value="opnstack", hides=[KINDS])
    for name in ("events", "states", "params", "description"):
        if name in document:
            yield Fault("misspelt head key", (name,), ("SH102",), renamed=swapped(name))
    for name, said in document.get("params", {}).items():
        if "default" in said:
            yield Fault("default of no value", ("params", name, "default"), ("SH225",), value=["zz"])
    for section in ("events", "states"):
        for name, said in document.get(section, {}).items():
            if isinstance(said, dict) and isinstance(said.get("fields"), dict):
                place = (section, name, "fields", "zzfield")
                yield Fault("unknown type", place, ("SH115",), value="strnig", hides=[("kind", name)])


def _in_rule(rule: Document, place: Place, document: Document) -> Iterator[Fault]:
    torn, names = ("whole", *place), ("names", *place)
    yield Fault("unknown rule key", (*place, "zzz"), ("SH102",), value=1, hides=[torn])
    yield Fault("doc of no text", (*place, "doc"), ("SH020",), value=5)
    if len(document["rules"]) > 1 and place[-1]:
        first = document["rules"][0]["id"]
        yield Fault("rule named twice", (*place, "id"), ("SH200",), value=first, needs=[torn])
    for number, step in enumerate(rule["then"]):
        here = (*place, "then", number)
        if "do" in step:
            yield Fault("unknown alias", (*here, "target"), ("SH207",), value="$zznobody.host", needs=[names])
            yield Fault("no reference", (*here, "target"), ("SH106",), value="$zz")
        else:
            wanted = [("kind", step["conclude"])]
            yield Fault("unknown field", (*here, "with", "zzfield"), ("SH205",), value="x", needs=wanted)
        yield Fault("unknown step", (*here, "after"), ("SH211",), value=["zzstep"], inner=(0,), needs=[torn])
        yield Fault("unknown step key", (*here, "zzz"), ("SH102",), value=1, hides=[torn])
    for number, guard in enumerate(rule.get("guard", [])):
        for word in ("limit", "cooldown", "min_healthy", "max_in_flight"):
            if word in guard:
                yield Fault("misspelt guard", (*place, "guard", number, word), ("SH150",), renamed=swapped(word))


def _anywhere(place: Place, value: Document) -> Iterator[Fault]:
    name = place[-1]
    if name in {"within", "for", "ttl", "timeout"} and isinstance(value, str):
        yield Fault("no duration", place, ("SH021",), value="5 minutes")
        yield Fault("no time at all", place, ("SH227",), value="0s")
        yield Fault("unknown parameter", place, ("SH210",), value="$params.zznone")
    if name in MEANT and "where" not in place[:-1] and isinstance(name, str):
        codes = ("SH110",) if name in {"event", "state"} else ("SH102",)
        yield Fault("misspelt key", place, codes, renamed=swapped(name))
    if name == "test" and isinstance(value, str):
        yield Fault("no expression", place, ("SH131",), value="1 +")


def _in_pattern(place: Place, pattern: Document, kind: Kind) -> Iterator[Fault]:
    form = "event" if "event" in pattern else "state"
    known = [("pattern", *place), ("kind", kind.name)]
    yield Fault("unknown kind", (*place, form), ("SH203",), value="zz.kind", hides=[known[0]], needs=[KINDS])
    yield Fault("unknown pattern key", (*place, "zzz"), ("SH102",), value=1, hides=[("whole", *place[:2])])
    counted = pattern.get("count")
    if isinstance(counted, dict) and form == "event" and "within" in counted:
        rest = {name: inner for name, inner in counted.items() if name != "within"}
        needs = [("whole", *place[:2]), *known]
        yield Fault("no window", (*place, "count"), ("SH307",), value=rest, needs=needs)
    where = pattern.get("where")
    for name, held in where.items() if isinstance(where, dict) else ():
        type_ = kind.type_at(tuple(name.split(".")))
        if type_:
            yield from _in_leaf((*place, "where", name), held, type_, known)


def _in_leaf(place: Place, held: Document, type_: FieldType, known: list[Token]) -> Iterator[Fault]:
    field_known = [("field", *place), *known]
    yield Fault("unknown field", place, ("SH205",), renamed="zzfield", hides=field_known[:1], needs=known)
    yield Fault("no field", place, ("SH105",), renamed="a b", hides=field_known[:1])
    operators: Mapping[str, Document] = held if isinstance(held, dict) else {}
    for name in operators:
        if name in OPERATORS:
            yield Fault("misspelt operator", (*place, name), ("SH120",), renamed=swapped(name))
            yield Fault("unknown operator", (*place, name), ("SH120",), renamed="zzq")
        yield from _in_value((*place, name), operators[name], type_, field_known)
    if not operators:
        yield from _in_value(place, held, type_, field_known)


def _in_value(place: Place, value: Document, type_: FieldType, needs: list[Token]) -> Iterator[Fault]:
    if place[-1] == "exists":
        return
    if isinstance(value, list):
        yield Fault("null in a list", (*place, 0), ("SH121",))
        if len(value) > 1 and type_.values:
            yield Fault("no word of a list", (*place, len(value) - 1), ("SH220",), value="zzword", needs=needs)
        return
    yield Fault("null", place, ("SH121",))
    if place[-1] not in {"matches", "glob"}:
        yield Fault("unknown alias", place, ("SH207",), value="$zznobody.host", needs=[("names", *place[:2])])
    if type_.values and place[-1] not in OPERATORS[4:]:
        yield Fault("no word of an enum", place, ("SH220",), value="zzword", needs=needs)
    if type_.name == "integer":
        yield Fault("no integer", place, ("SH220",), value="zzword", needs=needs)


def drawn(document: Document, ruleset: RuleSet, below: Callable[[int], int]) -> list[Fault]:
    """
    Choose two to four mistakes none of which hides another, the innermost first.

    The second may stand in the leaf of the first.
    """
    every = list(faults(document, ruleset))
    chosen: list[Fault] = []
    for wanted in range(2 + below(3)):
        left = [one for one in every if all(one.bears(other) for other in chosen)]
        near = [one for one in left if wanted == 1 and one.place[:-1] in {chosen[0].place, chosen[0].place[:-1]}]
        pool = near if near and below(2) else left
        if pool:
            names = sorted({one.name for one in pool})
            name = names[below(len(names))]
            alike = [one for one in pool if one.name == name]
            chosen.append(alike[below(len(alike))])
    return sorted(chosen, key=lambda one: -len(one.place))


def planted(document: Document, chosen: list[Fault]) -> tuple[Document, list[Place]]:
    """Make mistakes in a copy, the innermost first, and give where each stands in the end."""
    found = copy.deepcopy(document)
    places: list[Place] = []
    for fault in chosen:
        fault.plant(found)
        places = [fault.moved(place) for place in places] + [fault.guilty]
    return found, places
