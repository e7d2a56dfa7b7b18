"""
What an event does, written out whole: from the row it becomes to the decisions on it.

Most events can do no more than wait for others and fire one rule which closes as it opens. For each part that takes
such events one function does all of it. Its lines stand nowhere else: how an event waits, what it completes and what is
decided are each written once, for the road and for a function of its own that serves every other way.
"""

import re
from collections.abc import Sequence

from attrs import evolve

from selfheal_rules.compile.codegen import HOLE, Code
from selfheal_rules.compile.drafts import PartDraft, SeedDraft
from selfheal_rules.compile.folds import Lowered
from selfheal_rules.compile.joints import Joint
from selfheal_rules.compile.plan import Action, Branching, Make, Part, Ruling
from selfheal_rules.compile.steps import fields_text, key_parts, target_text

_BOUND = {
    "m": "network.memory",
    "rooms": "network.memory.rooms",
    "waiting": "network.memory.waiting[part.number]",
    "stored": "network.memory.recent[part.number]",
    "number": "part.number",
    "line": "network.lines[part.number]",
    "part": "part",
    "index": "network.index",
    "expire": "network.expire",
    "passing": "passing",
    "several": "several",
    **{name: f"passing.words[{name!r}]" for name in ("blank", "EMPTY", "SHADOWED", "UNTARGETED")},
}
"""What lines read beside their rows, and where it is taken from once, when an engine is wired."""

_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
"""Texts of a rule set: whatever words are in them, they are read by nobody."""
_TARGETED = "(UNTARGETED if t is None else SHADOWED)"
_GIVEN = "network, part, passing, errands, several"


def telling(lowered: Lowered) -> tuple[Branching, ...]:
    """Give the branches; those of rules that close as they open with what decides on a match."""
    branches = [*lowered.branches]
    for ruling in lowered.rules:
        for joint in lowered.written[ruling.number].joints if ruling.simple else ():
            lines = _decided(joint, ruling.actions, lowered.code, "caution or ")
            say = _made(lowered.code, "say", "of, now, caution", [*_unpacked(joint, lines), *lines])
            branches[joint.number] = evolve(branches[joint.number], say=say)
    return tuple(branches)


def paved(lowered: Lowered, drafts: Sequence[PartDraft]) -> tuple[Part, ...]:
    """Give the parts: how events of each wait, and its road, where they can do no more than wait and fire one rule."""
    return tuple(_paved(lowered, part, draft) for part, draft in zip(lowered.parts, drafts, strict=True))


def _paved(lowered: Lowered, part: Part, draft: PartDraft) -> Part:
    if part.form != "event":
        return part
    hold = _made(lowered.code, "hold", "i", [*_kept(part, "i"), "    return i"]) if part.keep else None
    early = [one for one in draft.seeds if not one.seed.late_only]
    if part.watches or part.counts or len(early) > 1 or not (part.keep or early):
        return evolve(part, hold=hold)
    if not early:
        return evolve(part, hold=hold, road=_made(lowered.code, "road", "i", [*_kept(part, "i"), "    return ()"]))
    return evolve(part, hold=hold, road=_firing(lowered, part, early[0]), fires=early[0].seed)


def _firing(lowered: Lowered, part: Part, draft: SeedDraft) -> Make | None:
    """Write a road that fires a rule, where the rule closes as it opens and a match is no more than its events."""
    seed = draft.seed
    ruling, branch = lowered.rules[seed.rule], lowered.branches[seed.branch]
    if not (ruling.simple and len(ruling.branches) == 1 and branch.bare) or branch.level or branch.remembers:
        return None
    joint = next(one for one in lowered.written[seed.rule].joints if one.number == seed.branch)
    row, decided = joint.scope.rows[draft.alias], _decided(joint, ruling.actions, lowered.code)
    found = [f"    of = {row}"] if branch.plain else _found(joint, draft, ruling, lowered, decided)
    return _made(lowered.code, "road", row, [*_kept(part, row), *found, f"    now = {row}.at", *decided])


def _kept(part: Part, row: str) -> list[str]:
    """Write how an event waits for those that come after it; what only late ones could look up is not even indexed."""
    if not part.keep:
        return []
    held, room = ("waiting", "line") if part.lazy else ("stored", "number")
    wait = f"waiting += ({row}, m.turn, number)" if part.lazy else f"{row} = index(part, {row}, m.turn)"
    return [f"    {wait}", f"    if len({held}) > rooms[{room}]:", "        expire(part)"]


def _found(joint: Joint, draft: SeedDraft, ruling: Ruling, lowered: Lowered, decided: list[str]) -> list[str]:
    """
    Write what an event completes, by the lines of its seed.

    Several matches are one firing where the event alone tells key and targets; which is the first is then left open.
    """
    lines = [*draft.lines, "    if not out:", "        return ()"]
    written = lowered.written[ruling.number]
    keys = [f"    {joint.reading.text(one, lowered.code)}" for one in key_parts(ruling.rule, written.rules)]
    others = [alias for alias in joint.aliases if alias != draft.alias]
    if ruling.fixed and not _read(joint, others, [*keys, *decided]):
        return [*lines, "    of = out[0] if len(out) == 1 else out"]
    lines += ["    if len(out) > 1:", "        return several(out)", "    of = out[0]"]
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
        ]
    every = "".join(f"d{number}, " for number in range(len(actions)))
    lines += [f"    decisions = ({every})", "    passing.recent += decisions"]
    return [*lines, "    if now >= passing.sweep:", "        passing.forget()", "    return decisions"]


def _made(code: Code, prefix: str, arguments: str, lines: list[str]) -> Make:
    """Write what makes a function over one engine; all it reads are its defaults: they lie in one place."""
    text = "\n".join(lines)
    words = {*_WORD.findall(_QUOTED.sub("", text))}
    bound = {name: place for name, place in _BOUND.items() if name in words}
    bound |= {f"e{number}": f"errands[{number}]" for number in range(text.count(" = blank()"))}
    for number, hole in enumerate(dict.fromkeys(HOLE.findall(text))):
        constant = f"\x01{hole}\x01"
        bound[f"n{number}"], text = constant, text.replace(constant, f"n{number}")
    given = "".join(f", {name}={place}" for name, place in bound.items())
    inner = [f"    def {prefix}({arguments}{given}):", *(f"    {line}" for line in text.split("\n"))]
    return code[code.function(f"make_{prefix}", _GIVEN, [*inner, f"    return {prefix}"])]
