"""The house style that no linter knows, read out of the syntax trees."""

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "selfheal_rules").rglob("*.py"))
OTHERS = sorted(path for folder in ("tests", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py"))
LONGEST_FUNCTION, MEDIAN_FUNCTION, LONGEST_FILE = 50, 7, 400
VAGUE = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _guilty(paths: Iterable[Path], found: Callable[[Path], object]) -> dict[str, object]:
    """Give what was found, by file; a test for each file would cost more than what it tests."""
    return {_name(path): what for path in paths if (what := found(path))}


@cache
def _functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(_tree(path)) if isinstance(node, Function)]


def _length(function: Function) -> int:
    """Count the lines from `def` to the end, the docstring left out: a promise may be long."""
    told = function.body[0]
    docstring = ast.get_docstring(function) is not None
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    return lines - ((told.end_lineno or told.lineno) - told.lineno + 1 if docstring else 0)


def test_functions_are_short() -> None:
    """No function is longer than a screen."""
    assert {} == _guilty(
        PACKAGE + OTHERS,
        lambda path: [function.name for function in _functions(path) if _length(function) > LONGEST_FUNCTION],
    )


def test_most_functions_are_a_few_lines() -> None:
    """The median function of the package has at most seven lines."""
    lengths = [_length(function) for path in PACKAGE for function in _functions(path)]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION


def test_files_are_short() -> None:
    """No file has more than four hundred lines."""
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE + OTHERS}
    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_names_say_something() -> None:
    """No file or folder is named for nothing in particular."""
    assert {} == _guilty(
        PACKAGE + OTHERS,
        lambda path: {part.lower().removesuffix(".py") for part in path.relative_to(ROOT).parts} & VAGUE,
    )


SPEAKS = {"print", "input", "breakpoint", "exit", "quit"}


def _spoken(path: Path) -> list[str]:
    calls = [node.func for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    return [call.id for call in calls if isinstance(call, ast.Name) and call.id in SPEAKS]


def test_the_library_does_not_speak() -> None:
    """Below the command nothing prints, asks or exits."""
    assert {} == _guilty([path for path in PACKAGE if "cli" not in path.parts], _spoken)


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[Named]:
    """Give what others may name: without an underscore, at the top or inside a public class."""
    for node in scope.body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def _unpromised(path: Path) -> list[str]:
    tree = _tree(path)
    silent = [node.name for node in _public(tree) if not ast.get_docstring(node)]
    return silent if ast.get_docstring(tree) else [path.stem, *silent]


def test_every_public_name_has_its_promise() -> None:
    """Each module, and each public class and function in it, has a docstring."""
    assert {} == _guilty(PACKAGE, _unpromised)


def _unstated(path: Path) -> list[str]:
    tests = [function for function in _functions(path) if function.name.startswith("test_")]
    return [test.name for test in tests if not ast.get_docstring(test)]


def test_every_test_states_its_promise() -> None:
    """Each test has a docstring."""
    assert {} == _guilty([path for path in OTHERS if path.name.startswith("test_")], _unstated)


MARKS = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
PRIVATE = ("/" + "work/", "/" + "tmp/", "/" + "home/", "/" + "root/")


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()] or PACKAGE + OTHERS


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_nothing_is_left_for_later() -> None:
    """No file holds a mark that says it is not finished."""
    assert [] == [_name(path) for path in PACKAGE + OTHERS if any(mark in _text(path) for mark in MARKS)]


def test_no_file_names_a_private_place() -> None:
    """No tracked file names a folder of the machine it was written on."""
    assert [] == [_name(path) for path in _tracked() if any(place in _text(path) for place in PRIVATE)]


def test_only_finished_words_in_the_changelog() -> None:
    """Every entry of the changelog begins with its kind."""
    entries = [line for line in _text(ROOT / "CHANGELOG.md").splitlines() if line.startswith("- ")]
    kinds = ("- [FEATURE] ", "- [CHANGE] ", "- [BUGFIX] ", "- [SECURITY] ")
    assert [] == [entry for entry in entries if not entry.startswith(kinds)]


def test_every_dependency_has_its_line() -> None:
    """`docs/dependencies.md` says of each dependency what it is for."""
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]
    wanted = [
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ]
    names = {re.split(r"[\[<>=;~! ]", need)[0] for need in wanted} - {project["name"]}
    page = _text(ROOT / "docs" / "dependencies.md")
    assert [] == sorted(name for name in names if f"`{name}`" not in page)
