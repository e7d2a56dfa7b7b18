"""Random conditions: groups of patterns with all that bounds, joins and blocks them."""

import json
from functools import partial
from typing import Any

from tests.generate.rules import Bound, Json, Maker, counted_pattern, formula, pattern


def condition(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give a whole `when`, and the names that every branch of it binds."""
    shapes = (
        alone,
        conjunction,
        conjunction,
        conjunction,
        sequence,
        sequence,
        counting,
        disjunction,
        levelled,
        picking,
    )
    found: tuple[Json, list[Bound]] = maker.pick(shapes)(maker)
    return found


def alone(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give one pattern."""
    item, bound = pattern(maker, maker.pick(("event", "state")), [], most=3)
    found: Json = {**item}
    _unless(maker, found, [bound], 0.4)
    return found, [bound]


def counting(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give one count, alone or beside a state it is joined to."""
    if maker.yes(0.5):
        while True:
            item, bound = counted_pattern(maker, [], [])
            if bound.fields or maker.yes(0.3):
                return {"all": [item]}, [bound]
    state, first = pattern(maker, "state", [])
    by_same = maker.yes(0.6)
    item, bound = counted_pattern(maker, [first], ["host"] if by_same else [])
    found: Json = {"all": maker.sample([state, item], 2) if by_same else [state, item]}
    if by_same:
        found["same"] = ["host"]
        maker.note("same with a count")
    _around(maker, found, [first, bound], events=False)
    return found, [first, bound]


def conjunction(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give an `all` of one to three patterns, with perhaps a formula, a `none`, a nested group."""
    items: list[Any] = []
    known: list[Bound] = []
    for _ in range(maker.pick((1, 2, 2, 3))):
        item, bound = maker.part(partial(pattern, maker, maker.pick(("event", "state")), known))
        items.append(item)
        known.append(bound)
    if maker.yes(0.2):
        item, bound = counted_pattern(maker, known, [])
        items.append(item)
        known.append(bound)
    return _grouped(maker, "all", items, known), known


def levelled(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give an `all` of states alone, with `for` around it."""
    first, one = pattern(maker, "state", [], plain=True)
    second, two = pattern(maker, "state", [one], plain=True)
    found = _grouped(maker, "all", [first, second], [one, two])
    if maker.yes(0.7):
        found["for"] = maker.span(1, 4)
        maker.note("for on a group")
    return found, [one, two]


def picking(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give an `all` with a pick."""
    first, one = pattern(maker, maker.pick(("event", "state")), [])
    second, two = pattern(maker, "state", [one])
    if "x" not in two.fields:
        return conjunction(maker)
    best = maker.pick(("max", "min"))
    second["pick"] = {best: maker.pick((f"{two.alias}.n", f"{two.alias}.x", f"{two.alias}.n + {two.alias}.x"))}
    maker.note(f"pick {best}")
    found: Json = {"all": [first, second]}
    if one.form == "event":
        found["within"] = maker.span(2, 6)
    if maker.yes(0.5):
        found["same"] = ["host"]
    _unless(maker, found, [one, two], 0.3)
    return found, [one]


def sequence(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give a sequence of two or three, with a `none` between or at the end."""
    items: list[Json] = []
    known: list[Bound] = []
    forms = ("state",) if maker.yes(0.2) else ("event", "event", "state")
    for _ in range(maker.pick((1, 2, 2, 3))):
        item, bound = maker.part(lambda: pattern(maker, maker.pick(forms), known, plain=True, most=1))
        items.append(item)
        known.append(bound)
    maker.note("sequence")
    if len(items) == 1 or maker.yes(0.5):
        place = maker.between(1, len(items))
        items.insert(place, _none_after(maker, known[:place], is_last=place == len(items)))
    found: Json = {"sequence": items}
    if '"event"' in json.dumps(items):
        found["within"] = maker.span(3, 8)
    if maker.yes(0.6):
        found["same"] = ["host"]
        maker.note("same")
    _unless(maker, found, known, 0.15)
    return found, known


def _none_after(maker: Maker, known: list[Bound], *, is_last: bool) -> Json:
    shape = maker.pick(("events", "events", "events", "states", "states", "nested", "both"))
    where = "at the end" if is_last else "between"
    maker.note(f"none {where}" if shape in {"events", "both"} else f"none over states {where}")
    if shape == "states":
        return {"none": [_linked(maker, "state", known)]}
    if shape == "nested":
        return {"none": [_nested_none(maker, known, "state")]}
    item, _ = pattern(maker, "event", known, plain=True, most=1)
    if not known or maker.yes(0.7):
        item.setdefault("where", {})["host"] = f"${known[0].alias}.host"
    found: Json = {"none": [item, _linked(maker, "state", known)] if shape == "both" else [item]}
    if is_last or maker.yes(0.4):
        found["within"] = maker.span(1, 5)
    return found


def _nested_none(maker: Maker, known: list[Bound], *forms: str) -> Json:
    """Give what is true where something is missing: alone, or beside a state."""
    around = _linked(maker, "state", known) if maker.yes(0.9) else None
    near = known if around is None else [Bound(around["as"], "state", around["state"], ("host",))]
    form = maker.pick(forms)
    inner: Json = {"none": [_linked(maker, form, near)], **({"within": maker.span(1, 6)} if form == "event" else {})}
    return inner if around is None else {"all": [around, inner]}


def disjunction(maker: Maker) -> tuple[Json, list[Bound]]:
    """Give an `any` of branches that bind one name in common, beside a pattern of their own."""
    form = maker.pick(("event", "state"))
    first, one = pattern(maker, form, [])
    second, two = pattern(maker, form, [])
    second["as"] = first["as"]
    fields = tuple(name for name in one.fields if name in two.fields)
    common = Bound(one.alias, form, one.kind, fields)
    maker.note("any")
    branches: list[Any] = [first, {"all": [second]} if maker.yes(0.3) else second]
    if maker.yes(0.4):
        found: Json = {"any": branches}
        _unless(maker, found, [common], 0.3)
        return found, [common]
    other, three = pattern(maker, maker.pick(("event", "state")), [])
    found = _grouped(maker, "all", [{"any": branches}, other], [common, three])
    return found, [common, three]


def _grouped(maker: Maker, logic: str, items: list[Any], known: list[Bound]) -> Json:
    """Put a group around items, with what may stand in and beside it."""
    events = [one for one in known if one.form == "event" and not one.counted]
    found: Json = {logic: items}
    if maker.yes(0.25):
        test = formula(maker, known)
        items += [test] if test else []
    if maker.yes(0.25):
        items.append(_none(maker, known))
    if len(items) > 2 and maker.yes(0.35) and all("none" not in item and "test" not in item for item in items):
        maker.note("nested all")
        inner: Json = {"all": items[1:], **({"within": maker.span(2, 6)} if events else {})}
        _unless(maker, inner, known, 0.2)
        found[logic] = items = [items[0], inner]
    _around(maker, found, known, events=bool(events))
    if len(known) > 1 and maker.yes(0.6):
        found["same"] = ["host"] if maker.yes(0.7) else [{f"{known[0].alias}.host": f"{known[1].alias}.host"}]
        maker.note("same" if found["same"] == ["host"] else "same pair")
    return found


def _around(maker: Maker, found: Json, known: list[Bound], *, events: bool) -> None:
    single = sum(one.form == "event" and not one.counted for one in known) == 1
    if events and not (single and maker.yes(0.4)):
        found["within"] = maker.span(2, 7)
        maker.note("within")
    _unless(maker, found, known, 0.3)


def _unless(maker: Maker, found: Json, known: list[Bound], share: float) -> None:
    if maker.yes(share):
        maker.note("unless")
        found["unless"] = maker.several((1, 1, 2), lambda _: _unwanted(maker, known))


def _unwanted(maker: Maker, known: list[Bound]) -> Json:
    shape = maker.pick(("state", "state", "events", "both", "count", "nested"))
    if shape == "state":
        return _linked(maker, "state", known)
    if shape == "count":
        item, _ = counted_pattern(maker, known, [])
        maker.note("count in a negative")
        return item
    if shape == "events":
        maker.note("unless over events")
        return {"all": [_linked(maker, "event", known)], "within": maker.span(1, 6)}
    if shape == "nested":
        maker.note("none in a negative")
        return _nested_none(maker, known, "state", "state", "state", "event")
    maker.note("group in a negative")
    first = _linked(maker, "state", known)
    second, _ = pattern(maker, maker.pick(("state", "event")), [], plain=True, most=1)
    return {"all": [first, second], "same": ["host"], **({"within": maker.span(2, 6)} if "event" in second else {})}


def _linked(maker: Maker, form: str, known: list[Bound]) -> Json:
    """Give a pattern that shares the host with something bound, most of the time."""
    item, _ = pattern(maker, form, [one for one in known if maker.yes(0.3)], plain=maker.yes(0.8), most=1)
    hosts = [one for one in known if "host" in one.fields]
    if hosts and maker.yes(0.85):
        item.setdefault("where", {})["host"] = f"${maker.pick(hosts).alias}.host"
    return item


def _none(maker: Maker, known: list[Bound]) -> Json:
    if maker.yes(0.5):
        maker.note("none over states")
        return {"none": [_linked(maker, "state", known)]}
    maker.note("none over events")
    return {"none": [_linked(maker, "event", known)], "within": maker.span(1, 6)}
