"""The pages on explaining and replaying run: their commands, their rules and programs, and what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.calls import Call, caller

ROOT = Path(__file__).parents[1]
PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("explain", "replay"))
CONSOLE = re.compile(
    r"(<!-- console: (\w+) -->\n```console\n\$ selfheal ([^\n]*)\n)(.*?)(^```\n)", re.MULTILINE | re.DOTALL
)
MARKED = re.compile(r"<!-- (\w+)(?:: (\w+))? -->\n```(?:yaml|python|text)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
BLOCKS = {(word, name): text for page in PAGES for word, name, text in MARKED.findall(page.read_text("utf-8"))}
CALLS = [(page, found[1]) for page in PAGES for found in CONSOLE.findall(page.read_text("utf-8"))]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


@pytest.mark.parametrize(("page", "name"), CALLS, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_a_command_of_the_page_prints_what_the_page_says(call: Call, tmp_path: Path, page: Path, name: str) -> None:
    """Each is called as it stands; `UPDATE_GOLDEN=1` writes what it prints into the page."""
    old = BLOCKS["change", "old"]
    (tmp_path / "old.yaml").write_text(old, "utf-8")
    (tmp_path / "new.yaml").write_text(old.replace("for: 30s", "for: 2m"), "utf-8")
    text = page.read_text("utf-8")
    found = next(one for one in CONSOLE.finditer(text) if one[2] == name)
    words = [str(tmp_path / word) if word in {"old.yaml", "new.yaml"} else word for word in found[3].split()]
    out = re.sub(r" +$", "", call(*words).out, flags=re.MULTILINE)
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(text.replace(found[0], f"{found[1]}{out}{found[5]}"), "utf-8")
    else:
        assert found[4] == out


def test_a_program_of_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    """With the rules of the page before it."""
    (tmp_path / "rules.yaml").write_text(BLOCKS["rules", ""], "utf-8")
    command = [sys.executable, "-W", "error", "-c", BLOCKS["run", "answer"]]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "" == ran.stderr
    if os.environ.get("UPDATE_GOLDEN"):
        page = PAGES[0].read_text("utf-8")
        before = f"<!-- output: answer -->\n```text\n{BLOCKS['output', 'answer']}```\n"
        PAGES[0].write_text(page.replace(before, f"<!-- output: answer -->\n```text\n{ran.stdout}```\n"), "utf-8")
    else:
        assert BLOCKS["output", "answer"] == ran.stdout


def test_every_word_is_on_the_page() -> None:
    """Whatever an answer may say to have failed, the page explains."""
    table = "\n".join(line for line in PAGES[0].read_text("utf-8").splitlines() if line.startswith("| `"))
    words = (
        "where",
        "missing",
        "same",
        "key",
        "held",
        "within",
        "for",
        "count",
        "aggregate",
        "sequence",
        "test",
        "pick",
    )
    others = ("none", "unless", "any", "stale", "duplicate", "ahead", "episode", "again", "after")
    assert [] == [word for word in (*words, *others) if f"`{word}`" not in table]
