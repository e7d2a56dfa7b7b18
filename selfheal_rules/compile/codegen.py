"""The generated module of a program: source text built line by line, constants beside it, one `exec` at the end."""

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from selfheal_rules.compile.arithmetic import LOOSE, OPERATIONS, both, equal, member
from selfheal_rules.compile.plan import NEVER
from selfheal_rules.values import Value, canonical, lookup, microseconds
from selfheal_rules.vocabulary import ATTRIBUTES, FieldType


def later(rows: Sequence[Any], limit: int) -> Sequence[Any]:
    """
    Give the rows of events that are later than an instant, of rows in the order of their times.

    They are looked for from the end, so that none is touched that is long over: it lies where the processor has not
    been for a while, and takes longer to fetch than all else there is to do with it.
    """
    place = len(rows)
    while place and rows[place - 1].at > limit:
        place -= 1
    return rows[place:] if place else rows


OPERATION_NAMES: Mapping[str, str] = {name: f"op{number}" for number, name in enumerate(OPERATIONS)}
_RUNTIME: Mapping[str, object] = {
    "NEVER": NEVER,
    "NONE": (),
    "NOTHING": object(),
    "both": both,
    "canonical": canonical,
    "equal": equal,
    "later": later,
    "lookup": lookup,
    "member": member,
    "micros": microseconds,
    "glob": fnmatch.fnmatchcase,
    **{f"loose_{name}": operator for name, operator in LOOSE.items()},
    **{OPERATION_NAMES[name]: operation for name, operation in OPERATIONS.items()},
}


HOLE = re.compile(r"\x01(\d+)\x01")
"""Where a constant stands in a text: between signs that no written literal can hold."""


class Code:
    """
    A growing module: equal functions are generated once, and each can be called as soon as it is written.

    Functions that differ in their constants alone share one code object, each over its own constants: a thousand rules
    of a few shapes are compiled, and kept warm by the interpreter, as those few.
    """

    def __init__(self, name: str) -> None:
        """Start with nothing but the runtime names."""
        self.name = name
        self.names: dict[str, Any] = dict(_RUNTIME)
        self._constants: list[Any] = []
        self._places: dict[tuple[str, object], str] = {}
        self._texts: dict[str, str] = {}
        self._shapes: dict[str, CodeType] = {}
        self._lines: list[str] = []

    def constant(self, value: object) -> str:
        """Give what stands for a constant in a text; equal words are one object, which is at hand for all rules."""
        words = isinstance(value, frozenset) and {*map(type, value)} == {str}
        if not (words or isinstance(value, bool | int | str)):
            return self._hole(value)
        place = (type(value).__name__, value)
        if place not in self._places:
            self._places[place] = self._hole(value)
        return self._places[place]

    def _hole(self, value: object) -> str:
        self._constants.append(value)
        return f"\x01{len(self._constants) - 1}\x01"

    def function(self, prefix: str, arguments: str, body: list[str]) -> str:
        """Write a function of these body lines (indented once) and give its name; of equal texts, the first."""
        text = "\n".join([f"({arguments}):", *body])
        known = self._texts.get(text)
        if known:
            return known
        name = self._texts[text] = f"{prefix}{len(self._texts)}"
        holes = list(dict.fromkeys(HOLE.findall(text)))
        shape = HOLE.sub(lambda hole: f"c{holes.index(hole[1])}", text)
        if shape not in self._shapes:
            own = _compiled(shape, len(holes)).replace(co_name=name, co_filename=f"<{self.name}:{name}>")
            self._shapes[shape] = own
        constants = tuple(self._constants[int(hole)] for hole in holes)
        self.names[name] = FunctionType(self._shapes[shape], self.names, name, constants)
        self._lines.append(f"def {name}" + HOLE.sub(lambda hole: _shown(self._constants[int(hole[1])]), text))
        return name

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """Give a written function."""
        function: Callable[..., Any] = self.names[name]
        return function

    def source(self) -> str:
        """Give the whole module, to be read."""
        return "\n\n".join(self._lines)


@lru_cache(maxsize=4096)
def _compiled(shape: str, holes: int) -> CodeType:
    """
    Compile the function of a shape; its constants are defaults: they lie in one place, cells do not.

    Programs are often compiled that differ in little, such as under tests. Each takes a copy of its own: the
    interpreter warms code up for the program it runs in.
    """
    arguments, body = shape.split("):", 1)
    text = f"def shaped{arguments}{''.join(f', c{hole}=None' for hole in range(holes))}):{body}"
    return next(one for one in compile(text, "<shape>", "exec").co_consts if isinstance(one, CodeType))


def _shown(constant: object) -> str:
    return f"<{type(constant).__name__}>" if callable(constant) or isinstance(constant, dict) else repr(constant)


def access(row: str, path: tuple[str, ...]) -> str:
    """Write how a value is read off an item or row."""
    if len(path) == 1:
        return f"{row}.{path[0]}" if path[0] in ATTRIBUTES else f"{row}.fields.get({path[0]!r})"
    return f"lookup({row}.fields, {path!r})"


KEYED_APART = frozenset({"number", "any", "list", "map"})
"""Types whose values are written as keys another way than as they are."""


def keyed(value: str, kind: FieldType) -> str:
    """Write a value as a key: 1, 1.0 and true stay apart."""
    if kind.name == "number":
        return f"({value}.__class__.__name__, {value})"
    return f"canonical({value})" if kind.name in {"any", "list", "map"} else value


_CLASSES = {"string": "str", "enum": "str", "ordered": "str", "integer": "int", "boolean": "bool"}


def same_key(one: FieldType, other: FieldType) -> bool:
    """Whether values of two types are written as keys alike."""
    return _CLASSES.get(one.name, one.name) == _CLASSES.get(other.name, other.name)


def keyed_as(value: str, kind: FieldType, target: FieldType) -> str:
    """Write a value of one type as a key of another: a value that is none of the other type finds nothing."""
    if same_key(kind, target):
        return keyed(value, target)
    wanted = {"number": "in (int, float)"}.get(target.name, f"is {_CLASSES.get(target.name, 'object')}")
    return (
        f"({keyed(value, target)} if {value}.__class__ {wanted} else NOTHING)"
        if target.name != "any"
        else keyed(value, target)
    )


def pattern(text: str) -> "re.Pattern[str]":
    """Compile an expression the checks have found to be linear."""
    return re.compile(text)


def words_from(kind: FieldType, comparison: str, word: Value) -> frozenset[str]:
    """Give the words of an ordered enum on the right side of a comparison."""
    limit = kind.rank(word)
    chosen = {
        "at_least": kind.values[limit:],
        "more_than": kind.values[limit + 1 :],
        "at_most": kind.values[: limit + 1],
        "less_than": kind.values[:limit],
    }
    return frozenset(chosen[comparison])
