"""The page of the journal is true: its code runs, and its tables name what there is."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from selfheal_rules.cli import main
from selfheal_rules.journal.record import FORMAT, TYPES, Place, parse
from tests.calls import ROOT

PAGE = (ROOT / "docs" / "journal.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STEPS = re.findall(r"^```(python|sh)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written as it stands, in order: a healer, people who speak to it, and a reader that finds a flipped byte."""
    for folder in ("rulesets", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for language, block in STEPS:
        if language == "python":
            exec(block, names)  # noqa: S102 - the page's own examples
            continue
        for line in block.splitlines():
            assert 0 == main(shlex.split(line)[1:])
    printed = capsys.readouterr().out
    assert (
        "pause action:compute.evacuate_host by bo: the rack is being moved\nin the inbox: the healer that runs"
        in printed
    )
    assert "in the inbox: pause action:compute.evacuate_host by bo at 2026-11-22T16:10:30Z: the rack" in printed
    path = tmp_path / "heal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(AssertionError, match="changed"):
        exec(BLOCKS[-1], names)  # noqa: S102 - the page's own examples


def test_the_page_names_every_type() -> None:
    """Each type of record has its row, in the order of the code, and the format's number is the one written."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| `", PAGE, re.MULTILINE)
    assert sorted(TYPES) == sorted(set(rows) - {"type"})
    assert f"Format {FORMAT}." in PAGE


def test_the_page_names_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of a line are those of the table, in that order."""
    shutil.copytree(ROOT / "rulesets", tmp_path / "rulesets")
    monkeypatch.chdir(tmp_path)
    exec(BLOCKS[0], {})  # noqa: S102 - the page's own example
    line = (tmp_path / "heal.jsonl").read_bytes().splitlines()[0]
    table = PAGE.split("with these keys in this order:")[1].split("So a reader")[0]
    assert list(json.loads(line)) == re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert "journal" == parse(line, Place("heal.jsonl", 1)).type
