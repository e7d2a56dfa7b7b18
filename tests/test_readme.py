"""The README: every block of it is run, and says what is so."""

import re
import shlex
from pathlib import Path

import pytest

from tests.calls import ROOT, Call, caller

README = (ROOT / "README.md").read_text("utf-8")


def _block(mark: str) -> str:
    """Give the block below a mark."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)\n```\n", README, re.DOTALL)
    assert found, mark
    return found[1]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_the_command_prints_what_is_shown(call: Call) -> None:
    """The pieces between the `…` are in the output, in this order, from its very beginning."""
    words = shlex.split(_block("command: run").split("&&")[-1])
    assert ".venv/bin/selfheal" == words[0]
    found = call(*words[1:])
    assert 0 == found.code
    at = 0
    for piece in _block("output: run").split("\n…"):
        assert piece.strip("\n") in found.out[at:]
        at = found.out.index(piece.strip("\n"), at) + len(piece.strip("\n"))
    assert found.out.startswith(_block("output: run").split("\n…")[0])


def test_the_rule_is_sound(call: Call, tmp_path: Path) -> None:
    """It passes every check, warnings included."""
    (tmp_path / "rules.yaml").write_text(_block("rules") + "\n", "utf-8")
    assert 0 == call("check", "--strict", tmp_path).code


def test_the_mistakes_read_as_shown(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the two changes the text names, the report is the one shown."""
    wrong = _block("rules").replace("phase: error", "phase: eror").replace("within: 10m, ", "")
    (tmp_path / "rules.yaml").write_text(wrong + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    found = call("check", "rules.yaml")
    assert (1, _block("output: check") + "\n") == (found.code, found.out)


def test_the_tests_hold_and_fail_as_shown(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the rule pass; with the change the text names, the report is the one shown."""
    (tmp_path / "rules.yaml").write_text(_block("rules") + "\n", "utf-8")
    (tmp_path / "tests.yaml").write_text(_block("tests") + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert (0, "tests.yaml: 1 passed\n") == (call("test", ".").code, call("test", ".").out)
    (tmp_path / "tests.yaml").write_text(_block("tests").replace("every: 4m59s", "every: 5m") + "\n", "utf-8")
    found = call("test", "tests.yaml")
    assert (1, _block("output: test") + "\n") == (found.code, found.out)


def test_the_program_is_the_example() -> None:
    """What is shown is the file, to the letter; `test_examples.py` runs it."""
    assert (ROOT / "examples" / "embed.py").read_text("utf-8") == _block("file: examples/embed.py") + "\n"


def test_every_link_leads_somewhere() -> None:
    """Each file or folder the README points to is there."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [] == [link for link in links if not (ROOT / link).exists()]
    assert links


def test_every_block_is_run() -> None:
    """There is no block without a mark these tests know."""
    marks = re.findall(r"<!-- (.+?) -->\n```", README)
    assert README.count("```") == 2 * len(marks)
    assert [
        "command: run",
        "output: run",
        "command: test",
        "command: cloud",
        "rules",
        "output: check",
        "tests",
        "output: test",
        "file: examples/embed.py",
    ] == marks
