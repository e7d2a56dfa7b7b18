"""`docs/pictures.md`: its commands and its program run, and show what the page shows."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from selfheal_rules.report import read_coverage
from tests.calls import ROOT, Call, caller
from tests.report.rig import data

PAGE = ROOT / "docs" / "pictures.md"
MARKED = re.compile(r"<!-- (\w+)(?:: (\w+))? -->\n```\w+\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
BLOCKS = {(word, name): text for word, name, text in MARKED.findall(PAGE.read_text("utf-8"))}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Call the command in a folder that has what the page names."""
    found = caller(monkeypatch, capsys)
    for name in ("rulesets", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return found


def _lines(name: str) -> list[list[str]]:
    return [shlex.split(line) for line in BLOCKS["command", name].splitlines()]


def test_the_graph_is_the_one_shown(call: Call) -> None:
    """To the letter, so that the picture is that of the rule set that is shipped; `UPDATE_GOLDEN=1` writes it anew."""
    ((_, *words),) = _lines("graph")
    shown, found = BLOCKS["output", "graph"], call(*words)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(PAGE.read_text("utf-8").replace(shown, found.out), "utf-8")
        shown = found.out
    assert (0, shown) == (found.code, found.out)


def test_the_program_prints_what_is_shown() -> None:
    """From the root of the repository."""
    command = [sys.executable, "-W", "error", "-c", BLOCKS["run", "graph"]]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ("", BLOCKS["output", "values"]) == (ran.stderr, ran.stdout)


def test_an_input_is_reported(call: Call, tmp_path: Path) -> None:
    """With the six decisions of the sample."""
    ((_, *words),) = _lines("input")
    assert 0 == call(*words).code
    assert 6 == len(data((tmp_path / "report.html").read_text("utf-8"))["decisions"])


def test_a_journal_is_reported(call: Call, tmp_path: Path) -> None:
    """That of the example, whose healer's decisions stand in it."""
    (_, *example), (_, *words) = _lines("journal")
    environment = {"PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, *example], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    assert 0 == call(*words).code
    assert 6 == len(data((tmp_path / "report.html").read_text("utf-8"))["decisions"])


def test_the_coverage_shown_is_read(call: Call, tmp_path: Path) -> None:
    """And names a line that a rule stands on."""
    ((file, lines),) = read_coverage(BLOCKS["coverage", ""])["files"].items()
    (tmp_path / "coverage.json").write_text(BLOCKS["coverage", ""], "utf-8")
    ((_, *words),) = _lines("input")
    assert 0 == call(*words, "--coverage", "coverage.json").code
    rules = data((tmp_path / "report.html").read_text("utf-8"))["rules"]
    assert [True] == [any(r["file"] == file and 0 <= int(n) - r["line"] < len(r["text"]) for r in rules) for n in lines]


def test_every_block_is_run() -> None:
    """There is no block these tests do not know."""
    assert PAGE.read_text("utf-8").count("```") == 2 * len(BLOCKS)
