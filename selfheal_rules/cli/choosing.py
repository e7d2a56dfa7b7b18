"""Which files of tests and which of their cases are meant."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import each_once

TESTS, ENDING = "tests.yaml", ".selfheal-test.yaml"
_TOKEN = re.compile(r"[()]|[^\s()]+")


def suite_files(paths: Iterable[Path]) -> list[Path]:
    """
    Give the files that are meant, each once: a folder stands for the files of tests in it, or in its folders.

    Raises:
        Refused: where a folder has none.
    """
    return each_once(paths, _meant)


def _meant(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inner = _in(path) or [file for folder in sorted(path.iterdir()) if folder.is_dir() for file in _in(folder)]
    if not inner:
        message = f"folder `{path}` has no `{TESTS}`, nor has any folder in it"
        raise Refused(message)
    return inner


def _in(folder: Path) -> list[Path]:
    named = folder / TESTS
    return [*([named] if named.is_file() else []), *sorted(folder.glob(f"*{ENDING}"))]


def chooser(expression: str | None) -> Callable[[str], bool]:
    """
    Give what tells whether a case is meant, by its name: texts that stand in it, with `and`, `or`, `not`, `(`, `)`.

    Raises:
        Refused: where the expression is none.
    """
    if expression is None:
        return lambda _: True
    tokens = _TOKEN.findall(expression.lower())
    meant, rest = _any(tokens) if tokens else (None, [])
    if meant is None or rest:
        message = f"`-k {expression}` is no expression; write texts of names with `and`, `or`, `not`"
        raise Refused(message, Code.USAGE)
    return _lowered(meant)


def _lowered(meant: "Chosen") -> "Chosen":
    return lambda name: meant(name.lower())


Chosen = Callable[[str], bool]
Parsed = tuple[Chosen | None, list[str]]
How = Callable[[Iterable[bool]], bool]


def _any(tokens: list[str]) -> Parsed:
    return _chain(tokens, "or", any, _all)


def _all(tokens: list[str]) -> Parsed:
    return _chain(tokens, "and", all, _one)


def _chain(tokens: list[str], word: str, how: How, part: Callable[[list[str]], Parsed]) -> Parsed:
    left, tokens = part(tokens)
    while left and tokens[:1] == [word]:
        right, tokens = part(tokens[1:])
        left = _joined(how, left, right)
    return left, tokens


def _joined(how: How, left: Chosen, right: Chosen | None) -> Chosen | None:
    return None if right is None else lambda name: how(part(name) for part in (left, right))


def _opposite(inner: Chosen) -> Chosen:
    return lambda name: not inner(name)


def _one(tokens: list[str]) -> Parsed:
    first, rest = tokens[:1], tokens[1:]
    if first == ["not"]:
        inner, rest = _one(rest)
        return (inner and _opposite(inner), rest)
    if first == ["("]:
        inner, rest = _any(rest)
        return (inner, rest[1:]) if rest[:1] == [")"] else (None, rest)
    if not first or first[0] in {")", "and", "or"}:
        return None, tokens
    return lambda name: first[0] in name, rest
