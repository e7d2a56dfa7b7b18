"""The page on tests of rules is true: each of its files runs as it says, and so does its Python."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from selfheal_rules.parse.suite import CASE, INPUTS, STEP, SUITE, WANTED
from selfheal_rules.source import Source
from selfheal_rules.testing.cases import ALSO, LISTS, Suite
from selfheal_rules.testing.coverage import coverage_of, plainly
from selfheal_rules.testing.marked import short, survivors
from selfheal_rules.testing.mutants import mutants
from selfheal_rules.testing.mutation import Hunt
from selfheal_rules.testing.parse import parse_suite
from selfheal_rules.testing.report import text
from selfheal_rules.testing.verdicts import judge
from tests.everyday import some

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
_BLOCK = re.compile(r"(<!-- fails -->\n|<!-- lacks -->\n)?```yaml\n(.*?)```", re.DOTALL)
_AS = re.compile(r"<!-- as -->\n```text\n(.*?)```", re.DOTALL)
HOLDS = [block for mark, block in _BLOCK.findall(PAGE) if not mark]
FAILS = [block for mark, block in _BLOCK.findall(PAGE) if "fails" in mark]
LACKS = [block for mark, block in _BLOCK.findall(PAGE) if "lacks" in mark]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of the page are those of the repository."""
    monkeypatch.chdir(ROOT)


def _suite(block: str) -> Suite:
    found, report = parse_suite(Source("tests.yaml", block), folder=Path())
    assert "no findings" == report.render()
    assert found
    return found


@pytest.mark.parametrize("block", some(HOLDS, 3))
def test_each_file_holds(block: str) -> None:
    """Each file of the page holds, its cases by themselves and under every circumstance."""
    results = [judge(case) for case in _suite(block).cases]
    assert results
    assert [] == [text(result) for result in results if result.ending != "passed"]


def test_the_failure_reads_as_shown() -> None:
    """The file that fails is told of in the words of the page; `UPDATE_GOLDEN=1` writes them."""
    (block,), (shown,) = FAILS, _AS.findall(PAGE)
    told = "\n".join(text(judge(case)) for case in _suite(block).cases) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (ROOT / "docs" / "testing.md").write_text(PAGE.replace(shown, told), "utf-8")
        shown = told
    assert shown == told


def _held(mark: str, told: str) -> None:
    """Hold a text of the page against what is told; `UPDATE_GOLDEN=1` writes it."""
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    head = f"<!-- {mark} -->\n```text\n"
    shown = page.partition(head)[2].partition("```")[0]
    if os.environ.get("UPDATE_GOLDEN"):
        (ROOT / "docs" / "testing.md").write_text(page.replace(f"{head}{shown}```", f"{head}{told}```"), "utf-8")
        shown = told
    assert shown == told


@pytest.mark.whole
def test_what_is_lacking_reads_as_shown() -> None:
    """The file that asks for too much is told of in the words of the page, and so is the last mistake that lives."""
    (block,) = LACKS
    suite = _suite(block)
    results = plainly(suite)
    _held("lacking", "".join(f"{line}\n" for line in short(suite, coverage_of(suite, results))))
    own = [one for one in mutants(suite.measured) if one.rule == "start-evacuated-server"]
    lived = [one for one in Hunt(results).tried(own) if one.fate == "survived"]
    _held("lives", "".join(f"{line}\n" for line in [*survivors(lived[-1:])][1:]))


def test_the_python_runs() -> None:
    """The test of the page passes."""
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, names)  # noqa: S102 - the page's own example
    names["test_a_host_is_fenced_once_two_witnesses_agree"]()


def test_every_word_has_its_place() -> None:
    """The page names every key a file, case, step, input and expected decision may have, and every circumstance."""
    keys = [SUITE, CASE, STEP, WANTED, *INPUTS.values()]
    words = {word for one in keys for word in (*one.required, *one.optional)} | {*ALSO, *LISTS}
    assert [] == sorted(word for word in words if f"`{word}" not in PAGE)
