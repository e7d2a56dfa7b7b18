"""The layers: what may import what, read out of the imports themselves."""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "selfheal_rules"

LAYERS = (
    "front",
    "source",
    "diagnostics",
    "plugins",
    "values",
    "spelling",
    "secrecy",
    "vocabulary",
    "wording",
    "events",
    "mapping",
    "model",
    "actions",
    "guards",
    "policy",
    "serving",
    "cloud",
    "parse",
    "check",
    "compile",
    "schema",
    "layout",
    "match",
    "decide",
    "guard",
    "explain",
    "carry",
    "snapshot",
    "door",
    "knowledge",
    "engine",
    "explain.why_not",
    "explain.why",
    "divide",
    "journal",
    "replay",
    "report",
    "survey",
    "execute",
    "integrations",
    "healer",
    "testing",
    "serve",
    "conformance",
    "cli",
    "__main__",
)
"""Lowest first, in the order of the pipeline: each may import those before it."""

ASIDE = ("normalize", "")
"""
Beside the order: normalizers see items and what declares them alone, and serve whoever reads or writes items outside
the engine; the front door, ``, offers all below `cli`.
"""

DOORS = {
    "yaml": ("parse.yaml_nodes",),
    "ruamel": ("layout.style",),
    "durable": ("match.durable",),
    "durable_rules_engine": ("match.durable",),
    "openstack": ("execute.openstack", "serve.cloud"),
    "keystoneauth1": ("execute.openstack",),
    "requests": ("execute.openstack",),
    "structlog": ("healer", "execute", "serve", "cli"),
    "sqlalchemy": ("journal.sql",),
    "tooz": ("journal.coordinated",),
    "pytest": ("testing.pytest_plugin",),
    "shtab": ("cli.completion",),
    "starlette": ("integrations.webhook", "serve.web"),
    "uvicorn": ("serve.web", "serve.connections"),
    "httpx": ("execute.posting", "integrations.zaqar", "serve.web"),
    "prometheus_client": ("serve.metrics",),
    "opentelemetry": ("serve.tracing",),
    "oslo_messaging": ("integrations.oslo_messaging",),
    "oslo_config": ("integrations.oslo_messaging",),
}
"""The only modules (with what lies under them) that import a third party; attrs is at home everywhere."""


BESIDE = {
    "check": {"normalize"},  # a witness is written as it is read
    "survey": {"normalize"},
    "cli": {"", "normalize"},
    "__main__": {"", "normalize"},
    "integrations": {"normalize"},
    "serve": {"normalize"},
    "testing": {"normalize"},
}
"""Which of those some layers may import all the same."""


def _modules() -> dict[str, Path]:
    """Give each module by its dotted name below the package; the package itself is ``."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _targets(module: str, node: ast.AST) -> Iterator[str]:
    """Give the dotted names one node imports, relative ones made absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        here = [PACKAGE, *module.split(".")] if module else [PACKAGE]
        is_package = MODULES[module].name == "__init__.py"
        stem = here[: len(here) + is_package - node.level] if node.level else []
        base = ".".join([*stem, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def _imports(module: str) -> list[str]:
    return [target for node in ast.walk(_tree(module)) for target in _targets(module, node)]


def _running(module: str) -> list[str]:
    """Give what is imported when the module runs: not what stands under `if TYPE_CHECKING:`."""
    tree = _tree(module)
    typed = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    aside = {id(inner) for node in typed for inner in ast.walk(node)}
    return [target for node in ast.walk(tree) if id(node) not in aside for target in _targets(module, node)]


def _inner(module: str, imports: Callable[[str], list[str]] = _imports) -> list[str]:
    """Give the modules of the package that `module` imports, as dotted names below it."""
    found = []
    for target in imports(module):
        head, _, rest = target.partition(".")
        if head == PACKAGE:
            found.append(rest if rest in MODULES else rest.rpartition(".")[0])
    return found


def _top(module: str) -> str:
    """Give the layer of a module: its folder, or the folder inside that which is a stage of its own."""
    inner = ".".join(module.split(".")[:2])
    return inner if inner in LAYERS else module.partition(".")[0]


def _allowed(layer: str) -> set[str]:
    """Give the layers that `layer` may import, itself included."""
    if layer == "normalize":
        return {layer, *LAYERS[: LAYERS.index("mapping") + 1]}
    if layer == "":
        return {layer, "normalize", *LAYERS[: LAYERS.index("cli")]}
    below = {*LAYERS[: LAYERS.index(layer) + 1]}
    return below | BESIDE.get(layer, set())


def _guilty(modules: Iterable[str], found: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """Give what was found, by module; a test for each module would cost more than what it tests."""
    return {module: names for module in modules if (names := found(module))}


def test_every_module_has_its_layer() -> None:
    """A module nobody gave a place in the order is refused."""
    assert [] == [module for module in MODULES if _top(module) not in {*LAYERS, *ASIDE}]


def test_imports_go_one_way() -> None:
    """A module imports its own layer and those below it, and nothing above."""
    assert {} == _guilty(
        MODULES, lambda module: [name for name in _inner(module) if _top(name) not in _allowed(_top(module))]
    )


def test_a_program_knows_no_memory() -> None:
    """`compile/` never imports `match/`: memories are arguments of what it generates, never part of it."""
    programs = [module for module in MODULES if _top(module) == "compile"]
    assert {} == _guilty(programs, lambda module: [name for name in _inner(module) if _top(name) == "match"])


def _enters(module: str, doors: tuple[str, ...]) -> bool:
    return any(module == door or module.startswith(door + ".") for door in doors)


def _smuggled(module: str) -> list[str]:
    foreign = {target.partition(".")[0] for target in _imports(module)} - sys.stdlib_module_names - {PACKAGE, "attrs"}
    return sorted(name for name in foreign if not _enters(module, DOORS.get(name, ())))


def test_third_parties_have_one_door() -> None:
    """What is neither Python's own nor attrs comes in by the door `DOORS` names."""
    assert {} == _guilty(MODULES, _smuggled)


def test_there_is_no_circle() -> None:
    """No module imports itself by way of others when it runs; a type may be named both ways inside one stage."""
    graph = {module: [name for name in _inner(module, _running) if name != module] for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


OUTER = {"execute", "integrations", "healer", "serve", "conformance", "cli", "__main__"}
"""The layers that touch the world."""


def test_pure_stages_touch_nothing_outside() -> None:
    """Below sources, executors and healer no module imports what reads a clock, a socket, a thread or chance."""
    outside = {"time", "random", "socket", "threading", "asyncio", "subprocess", "logging", "uuid", "secrets", "urllib"}
    pure = [module for module in MODULES if _top(module) not in OUTER]
    assert {} == _guilty(pure, lambda module: sorted({name.partition(".")[0] for name in _imports(module)} & outside))
