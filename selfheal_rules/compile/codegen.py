"""The generated module of a program: source text built line by line, constants beside it, one `exec` at the end."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any

from selfheal_rules.compile.arithmetic import LOOSE, OPERATIONS, both, equal, member
from selfheal_rules.compile.plan import NEVER
from selfheal_rules.values import Value, canonical, lookup, microseconds
from selfheal_rules.vocabulary import ATTRIBUTES, FieldType

OPERATION_NAMES: Mapping[str, str] = {name: f"op{number}" for number, name in enumerate(OPERATIONS)}
_RUNTIME: Mapping[str, object] = {
    "NEVER": NEVER,
    "NONE": (),
    "NOTHING": object(),
    "both": both,
    "canonical": canonical,
    "equal": equal,
    "lookup": lookup,
    "member": member,
    "micros": microseconds,
    "glob": fnmatch.fnmatchcase,
    **{f"loose_{name}": operator for name, operator in LOOSE.items()},
    **{OPERATION_NAMES[name]: operation for name, operation in OPERATIONS.items()},
}


class Code:
    """A growing module: equal functions are generated once, and each can be called as soon as it is written."""

    def __init__(self, name: str) -> None:
        """Start with nothing but the runtime names."""
        self.name = name
        self.names: dict[str, Any] = dict(_RUNTIME)
        self._texts: dict[str, str] = {}
        self._lines: list[str] = []

    def constant(self, value: object) -> str:
        """Give the name of a constant; plain scalars stand in the source as they are."""
        if isinstance(value, bool | int | str):
            return repr(value)
        name = f"C{len(self.names)}"
        self.names[name] = value
        return name

    def function(self, prefix: str, arguments: str, body: list[str]) -> str:
        """Write a function of these body lines (indented once) and give its name; of equal texts, the first."""
        text = "\n".join([f"({arguments}):", *body])
        known = self._texts.get(text)
        if known:
            return known
        name = f"{prefix}{len(self._texts)}"
        self._texts[text] = name
        source = f"def {name}{text}\n"
        self._lines.append(source)
        exec(compile(source, f"<{self.name}:{name}>", "exec"), self.names)  # noqa: S102 - our text, of checked rules
        return name

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """Give a written function."""
        function: Callable[..., Any] = self.names[name]
        return function

    def source(self) -> str:
        """Give the whole module, to be read."""
        return "\n\n".join(self._lines)


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
