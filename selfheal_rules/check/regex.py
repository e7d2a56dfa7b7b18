"""
Which `matches` expressions take time linear in the text, whatever the text.

Python's matcher tries one way after another, so its time grows with the number of ways a text can be read. The
expression is turned into the automaton of its positions; it is refused where two different ways lead from a position
back to itself over one text (exponential), or where two loops, one behind the other, can share a text (polynomial).
The search itself, which begins anew at every character, is the first of these loops unless a `^` forbids it. A loop
with which the expression may end does no harm: whoever reaches it has found a match.
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

from attrs import define, field, frozen

LENGTH = 200
"""The longest expression taken, in characters."""

POSITIONS = 120
"""The largest automaton taken; a counted repetition stands in it as often as it may repeat."""

WAYS = 100_000
"""In how many ways, at most, counted repetitions and choices may read a text; each may be tried on every text."""

TWO_WAYS_TO_BE_EMPTY = "what may be left out or repeated may also be empty, so that a text can be read in many ways"

Position: TypeAlias = int
Alphabet: TypeAlias = tuple[str, ...]


class _Refused(Exception):  # noqa: N818 - never leaves this file
    """What the expression holds that no linear matcher has."""


def misspelt(text: str) -> str | None:
    """Say why a text is no regular expression, or None where it is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except (re.error, RecursionError, OverflowError, Warning) as reason:
        return f"`{text}` is no regular expression: {' '.join(str(reason).split())}"
    return None


def refusal(text: str) -> str | None:
    """Say why an expression is not taken, or None where it is."""
    if len(text) > LENGTH:
        return f"the expression is longer than {LENGTH} characters"
    if (reason := misspelt(text)) is not None:
        return reason
    tree = _parser.parse(text)
    if _ways(tree) > WAYS:
        return f"counted repetitions and choices multiply to more than {WAYS:,} ways to read a text"
    try:
        anchored = _is_anchored(tree)
        if not _is_plain(tree, anchored=anchored):
            _judge(_automaton(_Builder(_alphabet(text), tree.state.flags), tree, anchored=anchored))
    except _Refused as reason:
        return str(reason)
    return None


def _ways(tree: Iterable[Any]) -> int:
    """Reckon in how many ways the counted repetitions and choices can be taken together; past `WAYS` it may stop."""
    ways = 1
    for operation, argument in tree:
        if operation in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            ways *= _times(*argument)
        elif operation is sre.BRANCH:
            ways *= sum(_ways(choice) for choice in argument[1])
        elif operation is sre.SUBPATTERN:
            ways *= _ways(argument[-1])
        if ways > WAYS:
            break
    return ways


def _times(least: int, most: Any, body: Iterable[Any]) -> int:  # noqa: ANN401 - a number, or the parser's "any number"
    """Reckon the ways of a repetition; one without an end is the automaton's to judge."""
    inner = _ways(body)
    if most is sre.MAXREPEAT:
        return inner
    total = 0
    for number in range(least, most + 1):
        total += inner ** min(number, WAYS.bit_length())
        if total > WAYS:
            break
    return total


def _is_anchored(tree: Any) -> bool:  # noqa: ANN401 - what the parser gives
    """Whether a match can begin at the beginning of the text alone."""
    first = tree[0] if len(tree) else (None, None)
    starts = (
        {sre.AT_BEGINNING_STRING} if tree.state.flags & re.MULTILINE else {sre.AT_BEGINNING, sre.AT_BEGINNING_STRING}
    )
    return first[0] is sre.AT and first[1] in starts


def _is_plain(tree: Iterable[Any], *, anchored: bool) -> bool:
    """Whether nothing but a single character is repeated, once, and that in one way."""
    pieces = list(tree)
    repeats = [list(argument[2]) for operation, argument in pieces if operation is sre.MAX_REPEAT]
    singles = [operation for operation, _ in pieces if operation is not sre.MAX_REPEAT]
    bodies = [operation for body in repeats for operation, _ in body]
    return len(repeats) == len(bodies) <= anchored and _SINGLE.issuperset((*singles, *bodies))


_SINGLE = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.AT})


def _alphabet(text: str) -> Alphabet:
    """Give characters of which at least one stands in every class the expression can tell apart."""
    near = {chr(code) for letter in text for code in range(max(0, ord(letter) - 1), min(ord(letter) + 2, 0x110000))}
    escaped = "\t\n\r\x0b\x0c\x00\x07\x08"
    return tuple(sorted({*near, *escaped, *"aZ09_ -.é٣ 中\U0001f600"}))


@frozen(eq=False, repr=False)
class _Part:
    """A piece of the expression: the positions it can begin and end with, and whether it can be empty."""

    first: tuple[Position, ...] = ()
    last: tuple[Position, ...] = ()
    nullable: bool = True


_NOTHING = _Part()


@define(eq=False, repr=False)
class _Builder:
    """The automaton so far: what each position takes, and which follow it."""

    alphabet: Alphabet
    flags: int
    takes: list[frozenset[str]] = field(factory=list)
    follow: dict[Position, list[Position]] = field(factory=lambda: defaultdict(list))
    search: Position | None = None
    ends: frozenset[Position] = frozenset()
    asserts: int = 0
    steps: int = 0

    def position(self, letters: Iterable[str]) -> _Part:
        """Add a position."""
        if len(self.takes) >= POSITIONS:
            message = "the expression is too large: its counted repetitions multiply"
            raise _Refused(message)
        self.takes.append(frozenset(letters))
        at = len(self.takes) - 1
        return _Part((at,), (at,), nullable=False)

    def link(self, ends: Iterable[Position], starts: tuple[Position, ...]) -> None:
        """Let `starts` follow `ends`; a second way between two positions is one too many."""
        for end in ends:
            if not set(starts).isdisjoint(self.follow[end]):
                message = "a repetition stands inside another, so that a text can be read in many ways"
                raise _Refused(message)
            self.follow[end] += starts

    def sequence(self, tree: Iterable[Any]) -> _Part:
        """Add a sequence of pieces."""
        whole = _NOTHING
        for operation, argument in tree:
            whole = self.joined(whole, self.piece(operation, argument))
        return whole

    def joined(self, left: _Part, right: _Part) -> _Part:
        """Put one piece behind another."""
        self.link(left.last, right.first)
        return _Part(
            left.first + (right.first if left.nullable else ()),
            right.last + (left.last if right.nullable else ()),
            left.nullable and right.nullable,
        )

    def piece(self, operation: Any, argument: Any) -> _Part:  # noqa: ANN401 - what the parser gives
        """Add one piece, as the parser gives it."""
        if operation in {sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN}:
            return self.position(self._letters(operation, argument))
        if operation is sre.AT:
            self.asserts += 1
            return _NOTHING
        if operation is sre.SUBPATTERN:
            self.flags |= argument[1]  # from here on; taking more for equal errs on the safe side
            return self.sequence(argument[3])
        if operation is sre.ATOMIC_GROUP:
            return self.sequence(argument)
        if operation is sre.BRANCH:
            return self.branches([self.sequence(branch) for branch in argument[1]])
        if operation in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            return self.repeated(*argument)
        what = {sre.GROUPREF: "a reference back to a group", sre.GROUPREF_EXISTS: "a condition on a group"}
        message = f"{what.get(operation, 'a look ahead or behind')} takes more than linear time"
        raise _Refused(message)

    def branches(self, parts: list[_Part]) -> _Part:
        """Add pieces of which one stands."""
        if sum(part.nullable for part in parts) > 1:
            raise _Refused(TWO_WAYS_TO_BE_EMPTY)
        first = tuple(at for part in parts for at in part.first)
        last = tuple(at for part in parts for at in part.last)
        return _Part(first, last, any(part.nullable for part in parts))

    def repeated(self, least: int, most: int, tree: Any) -> _Part:  # noqa: ANN401 - what the parser gives
        """Add a piece as often as it must stand, and behind that as often as it may."""
        whole = _NOTHING
        for _ in range(min(least, POSITIONS)):
            whole = self.joined(whole, self.sequence(tree))
        if most == sre.MAXREPEAT:
            return self.joined(whole, self.loop(tree))
        return self.joined(whole, self.optional(most - least, tree))

    def loop(self, tree: Any) -> _Part:  # noqa: ANN401 - what the parser gives
        """Add a piece that stands any number of times."""
        body = self._filled(tree)
        self.link(body.last, body.first)
        return _Part(body.first, body.last)

    def optional(self, times: int, tree: Any) -> _Part:  # noqa: ANN401 - what the parser gives
        """Add a piece that stands up to so many times, each only behind the one before."""
        parts = [self._filled(tree) for _ in range(min(times, POSITIONS))]
        whole = _NOTHING
        for part in reversed(parts):
            behind = self.joined(part, whole)
            whole = _Part(behind.first, behind.last)
        return whole

    def _filled(self, tree: Any) -> _Part:  # noqa: ANN401 - what the parser gives
        """Add a piece that may be left out: were it empty, that could be read in two ways."""
        part = self.sequence(tree)
        if part.nullable:
            raise _Refused(TWO_WAYS_TO_BE_EMPTY)
        return part

    def _letters(self, operation: Any, argument: Any) -> Iterable[str]:  # noqa: ANN401 - what the parser gives
        if operation is sre.LITERAL and not self.flags & re.IGNORECASE:
            return (chr(argument),)
        return (letter for letter in self.alphabet if self._is_taken(operation, argument, letter))

    def _is_taken(self, operation: Any, argument: Any, letter: str) -> bool:  # noqa: ANN401 - what the parser gives
        if operation is sre.ANY:
            return letter != "\n" or bool(self.flags & re.DOTALL)
        cases = {letter, letter.lower(), letter.upper()} if self.flags & re.IGNORECASE else {letter}
        return any(_takes(operation, argument, case) for case in cases)


def _takes(operation: Any, argument: Any, letter: str) -> bool:  # noqa: ANN401 - what the parser gives
    if operation is sre.LITERAL:
        return bool(letter == chr(argument))
    if operation is sre.NOT_LITERAL:
        return bool(letter != chr(argument))
    if operation is sre.RANGE:
        return len(letter) == 1 and argument[0] <= ord(letter) <= argument[1]
    if operation is sre.CATEGORY:
        return _CATEGORIES[str(argument)](letter) is not None
    if operation is sre.IN:
        negated = argument[0][0] is sre.NEGATE
        return bool(negated) != any(_takes(op, inner, letter) for op, inner in argument[negated:])
    return False


_CATEGORIES: Mapping[str, Any] = {
    f"CATEGORY_{name}": re.compile(rf"\{short}").fullmatch
    for name, short in (
        ("DIGIT", "d"), ("NOT_DIGIT", "D"), ("SPACE", "s"), ("NOT_SPACE", "S"), ("WORD", "w"), ("NOT_WORD", "W"),
    )
}  # fmt: skip


def _automaton(builder: _Builder, tree: Any, *, anchored: bool) -> _Builder:  # noqa: ANN401 - what the parser gives
    """Build the whole expression, and before it the search for where it begins."""
    whole = builder.sequence(tree)
    if builder.asserts == anchored:  # no `$` or `\b` that what has been read may still fail at
        builder.ends = frozenset(whole.last)
    if not anchored:
        before = builder.position(builder.alphabet)
        builder.search = before.first[0]
        builder.link(before.last, before.first + whole.first)
    return builder


STEPS = 200_000
"""As many steps as the search for a second way may take; an expression that needs more is too large."""


_SHARED = "two repetitions can share a text between them, which takes more than linear time"
_BEGINS_ANEW = "a search that begins anew inside a repetition takes more than linear time: begin with `^`"


def _judge(builder: _Builder) -> None:
    loops = [loop for loop in _components(builder) if len(loop) > 1 or loop[0] in builder.follow[loop[0]]]
    for loop in loops:
        if _is_ambiguous(builder, frozenset(loop)):
            message = "one text can be read in many ways by a repetition, which takes exponential time"
            raise _Refused(message)
    for first in loops:
        for second in loops:
            if first is second or not _goes_round(builder, frozenset(second) - builder.ends):
                continue
            if _share_a_text(builder, frozenset(first), frozenset(second)):
                raise _Refused(_BEGINS_ANEW if builder.search in first else _SHARED)


def _goes_round(builder: _Builder, room: frozenset[Position]) -> bool:
    """Whether a position leads back to itself by way of these positions alone."""
    return any(at in _reach(builder, at, room) for at in room)


def _reach(builder: _Builder, start: Position, room: frozenset[Position] | None = None) -> set[Position]:
    seen: set[Position] = set()
    ahead = [start]
    while ahead:
        for after in builder.follow[ahead.pop()]:
            if after not in seen and (room is None or after in room):
                seen.add(after)
                ahead.append(after)
    return seen


def _components(builder: _Builder) -> list[list[Position]]:
    """Give the positions in groups that lead to each other."""
    reach = {at: _reach(builder, at) for at in range(len(builder.takes))}
    groups: dict[Position, list[Position]] = {}
    for at, ahead in reach.items():
        leader = next((other for other in groups if at in reach[other] and other in ahead), at)
        groups.setdefault(leader, []).append(at)
    return list(groups.values())


def _is_ambiguous(builder: _Builder, loop: frozenset[Position]) -> bool:
    """Whether two different ways lead from a position back to itself over one text."""
    together: set[tuple[Position, ...]] = {(at, at) for at in loop}
    ahead, seen = list(together), set(together)
    back: defaultdict[tuple[Position, ...], list[tuple[Position, ...]]] = defaultdict(list)
    while ahead:
        pair = ahead.pop()
        for after in _steps(builder, pair, (loop, loop)):
            back[after].append(pair)
            if after not in seen:
                seen.add(after)
                ahead.append(after)
    # only pairs seen from a meeting place are in `back`: whoever leads to one from apart has parted before
    return any(pair not in together for met in together for pair in back[met])


def _share_a_text(builder: _Builder, first: frozenset[Position], second: frozenset[Position]) -> bool:
    """Whether a text leads round the first loop, round the second, and from the first to the second."""
    between = frozenset(_reach(builder, min(first)))
    if min(second) not in between:
        return False
    return any(_leads(builder, (p, p, q), (p, q, q), (first, between, second)) for p in first for q in second)


def _leads(
    builder: _Builder, start: tuple[Position, ...], goal: tuple[Position, ...], rooms: tuple[frozenset[Position], ...]
) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        for after in _steps(builder, ahead.pop(), rooms):
            if after == goal:
                return True
            if after not in seen:
                seen.add(after)
                ahead.append(after)
    return False


def _steps(
    builder: _Builder, places: tuple[Position, ...], rooms: tuple[frozenset[Position], ...]
) -> Iterator[tuple[Position, ...]]:
    """Give where several readers can be after one more character, the same for all."""
    builder.steps += 1
    if builder.steps > STEPS:
        message = "the expression is too large: its repetitions reach too far into each other"
        raise _Refused(message)
    choices = [[at for at in builder.follow[place] if at in room] for place, room in zip(places, rooms, strict=True)]
    for together in product(*choices):
        if frozenset.intersection(*(builder.takes[at] for at in together)):
            yield together
