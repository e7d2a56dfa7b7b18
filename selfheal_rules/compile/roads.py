"""
What an event does, written out whole: from the event itself to the decisions on it.

Most events can do no more than wait for others and fire one rule which closes as it opens. For each part that takes
such events one function, its road, does all of it; where no other part takes events of a kind, another one begins with
the leaves. Its lines stand nowhere else: how an event is held against leaves, waits, completes what waits and is
decided on are each written once, and serve in a function of their own for every other way.
"""

import re
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from selfheal_rules.compile.codegen import HOLE, Code, access
from selfheal_rules.compile.drafts import PartDraft, SeedDraft, key_text
from selfheal_rules.compile.folds import Lowered
from selfheal_rules.compile.joints import Joint
from selfheal_rules.compile.plan import Action, Branching, Entry, Make, Part, Ruling, Seed
from selfheal_rules.compile.probes import sieved
from selfheal_rules.compile.steps import fields_text, key_parts, target_text

WORDS = (
    "m", "sources", "number", "line", "rooms", "waiting", "wait", "stored", "store", "kept", "expire",
    "kind", "fitted", "event", "several", "keep",
    "blank", "EMPTY", "SHADOWED", "UNTARGETED", "Step", "MATCHED", "UNMATCHED",
)  # fmt: skip
"""
What lines read beside their rows: of the memory, of who decides, and of what decisions are made.

Whoever wires an engine gives what each stands for, and the errands of its rule as `e0`, `e1` and so on.
"""

_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
"""Texts of a rule set: whatever words are in them, they are read by nobody."""
_TARGETED = "(UNTARGETED if t is None else SHADOWED)"


@frozen(eq=False, repr=False)
class Road:
    """What an event does that has passed the leaves of a part: the name of its row, lines, and what may fire on it."""

    row: str
    lines: Sequence[str]
    fires: Seed | None = None


def telling(lowered: Lowered) -> tuple[Branching, ...]:
    """Give the branches; those of rules that close as they open with what decides on a match."""
    branches = [*lowered.branches]
    for ruling in lowered.rules:
        for joint in lowered.written[ruling.number].joints if ruling.simple else ():
            lines = _decided(joint, ruling.actions, lowered.code, "caution or ")
            lines = [*_unpacked(joint, lines), *lines, f"    return {_every(ruling.actions)}"]
            say = _made(lowered.code, "say", "of, now, caution", lines)
            branches[joint.number] = evolve(branches[joint.number], say=say)
    return tuple(branches)


def paved(lowered: Lowered, drafts: Sequence[PartDraft]) -> tuple[Mapping[str, Entry], tuple[Part, ...]]:
    """Give entries and parts with what their events do, where they can do no more than wait and fire one rule."""
    roads = [_road(lowered, draft) for draft in drafts]
    entries = {name: _begun(lowered, entry, roads) for name, entry in lowered.entries.items()}
    return entries, tuple(_paved(lowered, draft, roads[draft.number], entries) for draft in drafts)


def _begun(lowered: Lowered, entry: Entry, roads: Sequence[Road | None]) -> Entry:
    """Write all that an event of a kind does: it is held against its kind, and against the leaves of its only part."""
    road = None if entry.sole is None else roads[entry.sole]
    taker = None if entry.sole is None else lowered.parts[entry.sole].taker
    if taker is None or road is None:
        return entry
    row = road.row
    head = [f"    if {row}.fits is not kind:", f"        return fitted({row})", f"    m.now = now = {row}.at"]
    leaves = sieved(entry.kind, taker, row, "UNMATCHED", lowered.code)
    return evolve(entry, way=_made(lowered.code, "way", row, [*head, *leaves, *road.lines]))


def _paved(lowered: Lowered, draft: PartDraft, road: Road | None, entries: Mapping[str, Entry]) -> Part:
    part, code = lowered.parts[draft.number], lowered.code
    if part.form != "event":
        return part
    hold = _made(code, "hold", "i", [*_kept(lowered, draft, "i"), "    return i"]) if part.keep else None
    if road is None:
        return evolve(part, hold=hold)
    way = entries[part.kinds[0]].way if len(part.kinds) == 1 and part.kinds[0] in entries else None
    whole = way or _made(code, "road", road.row, [f"    now = {road.row}.at", *road.lines])
    return evolve(part, hold=hold, road=whole, fires=road.fires)


def _road(lowered: Lowered, draft: PartDraft) -> Road | None:
    part, early = lowered.parts[draft.number], [one for one in draft.seeds if not one.seed.late_only]
    if part.form != "event" or part.watches or part.counts or len(early) > 1 or not (part.keep or early):
        return None
    if not early:
        return Road("i", [*_new("i"), *_kept(lowered, draft, "i"), "    return MATCHED"])
    return _firing(lowered, draft, early[0])


def _firing(lowered: Lowered, part: PartDraft, draft: SeedDraft) -> Road | None:
    """Write a road that fires a rule, where the rule closes as it opens and a match is no more than its events."""
    seed = draft.seed
    ruling, branch = lowered.rules[seed.rule], lowered.branches[seed.branch]
    if not (ruling.simple and len(ruling.branches) == 1 and branch.bare) or branch.level or branch.remembers:
        return None
    joint = next(one for one in lowered.written[seed.rule].joints if one.number == seed.branch)
    row, decided = joint.scope.rows[draft.alias], _decided(joint, ruling.actions, lowered.code)
    found = [f"    of = {row}"] if branch.plain else _found(joint, draft, ruling, lowered, decided)
    told = f"    return Step({_every(ruling.actions)})"
    return Road(row, [*_new(row), *_kept(lowered, part, row), *found, *decided, told], seed)


def _new(row: str) -> list[str]:
    """Write how an event is known to be new; where that is not sure, `event` looks closer."""
    return [
        f"    ids = sources.get({row}.source)",
        f"    if ids is None or {row}.id in ids or m.turn >= m.brim:",
        f"        return event({row}, (number,))",
        f"    ids[{row}.id] = now",
        "    m.turn += 1",
    ]


def _kept(lowered: Lowered, draft: PartDraft, row: str) -> list[str]:
    """Write how an event waits for those that come after it; what only late ones could look up is not even indexed."""
    if not draft.keep:
        return []
    if lowered.parts[draft.number].lazy:
        lines, waiting = [f"    wait({row}); wait(m.turn); wait(number)"], "len(waiting) > rooms[line]"
    else:
        lines, waiting = [f"    {row} = kept({row}, m.turn)", f"    store({row})"], "len(stored) > rooms[number]"
        lines += [f"    m.standing[number][{row}] = None"] if draft.scanned else []
        lines += [line for exchange in draft.indexes for line in _indexed(lowered, draft, row, exchange)]
    return [*lines, f"    if {waiting}:", "        expire(number)"]


def _indexed(lowered: Lowered, draft: PartDraft, row: str, exchange: int) -> list[str]:
    """Write how a row is put where it will be looked for, unless a value of its key is missing."""
    kind, paths = draft.kinds[0], lowered.paths[exchange]
    values = [f"    k{number} = {access(row, path)}" for number, path in enumerate(paths)]
    known = " and ".join(f"k{number} is not None" for number in range(len(paths)))
    return [
        *values,
        f"    if {known}:",
        f"        key, buckets = {key_text(paths, kind)}, m.exchanges[{lowered.code.constant(exchange)}]",
        "        bucket = buckets.get(key)",
        "        if bucket is None:",
        f"            buckets[key] = {{number: [{row}]}}",
        "        elif number in bucket:",
        f"            bucket[number].append({row})",
        "        else:",
        f"            bucket[number] = [{row}]",
    ]


def _found(joint: Joint, draft: SeedDraft, ruling: Ruling, lowered: Lowered, decided: list[str]) -> list[str]:
    """
    Write what an event completes, by the lines of its seed.

    Several matches are one firing where the event alone tells key and targets; which is the first is then left open.
    """
    lines = [*draft.lines, "    if not out:", "        return MATCHED"]
    written = lowered.written[ruling.number]
    keys = [f"    {joint.reading.text(one, lowered.code)}" for one in key_parts(ruling.rule, written.rules)]
    others = [alias for alias in joint.aliases if alias != draft.alias]
    if ruling.fixed and not _read(joint, others, [*keys, *decided]):
        return [*lines, "    of = out[0] if len(out) == 1 else out"]
    lines += ["    if len(out) > 1:", "        return several(number, out)", "    of = out[0]"]
    return [*lines, *_unpacked(joint, decided)]


def _read(joint: Joint, aliases: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Give the aliases whose rows are read in lines."""
    return [alias for alias in aliases if any(f"{joint.scope.rows[alias]}." in line for line in lines)]


def _unpacked(joint: Joint, lines: Sequence[str]) -> list[str]:
    read = _read(joint, joint.aliases, lines)
    return [f"    {joint.scope.rows[alias]} = of[{joint.aliases.index(alias)}]" for alias in read]


def _decided(joint: Joint, actions: Sequence[Action], code: Code, caution: str = "") -> list[str]:
    """Write the decisions on a match: they hold what they are `of`, its rows or the only one of them."""
    lines = []
    for number, action in enumerate(actions):
        target, params, made = action.step.target, action.step.params, f"d{number}"
        lines += [
            f"    {made} = blank()",
            f"    {made}.errand, {made}.rows, {made}.at = e{number}, of, now",
            f"    {made}.target = t = {'None' if target is None else target_text(target, joint.reading, code)}",
            f"    {made}.params = {fields_text(params, None, joint.reading, code) if params else 'EMPTY'}",
            f"    {made}.verdict = {caution}{'SHADOWED' if target is None else _TARGETED}",
            f"    keep({made})",
        ]
    return lines


def _every(actions: Sequence[Action]) -> str:
    """Write all decisions on a match, in their order."""
    return f"({''.join(f'd{number}, ' for number in range(len(actions)))})"


def _made(code: Code, prefix: str, arguments: str, lines: list[str]) -> Make:
    """Write what makes a function over one engine; all it reads are its defaults: they lie in one place."""
    text = "\n".join(lines)
    plain = _QUOTED.sub("", text)
    words = {*_WORD.findall(plain)}
    bound = {name: f"w[{name!r}]" for name in WORDS if name in words}
    bound |= {f"e{number}": f"w['e{number}']" for number in range(plain.count(" = blank()"))}
    for number, hole in enumerate(dict.fromkeys(HOLE.findall(text))):
        constant = f"\x01{hole}\x01"
        bound[f"n{number}"], text = constant, text.replace(constant, f"n{number}")
    given = "".join(f", {name}={place}" for name, place in bound.items())
    inner = [f"    def {prefix}({arguments}{given}):", *(f"    {line}" for line in text.split("\n"))]
    return code[code.function(f"make_{prefix}", "w", [*inner, f"    return {prefix}"])]
