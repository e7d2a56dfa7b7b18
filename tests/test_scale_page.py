"""The page on dividing a stream runs: its rules, its programs and what they print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
MARKED = re.compile(r"<!-- (\w+)(?:: (\w+))? -->\n```\w+\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
BLOCKS = {(word, name): text for word, name, text in MARKED.findall(PAGE.read_text("utf-8"))}


@pytest.mark.parametrize("name", [name for word, name in BLOCKS if word == "run"])
def test_a_program_of_the_page_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    """With the rules of the page before it, each program prints its output, to the letter."""
    for (word, file), text in BLOCKS.items():
        if word == "rules":
            (tmp_path / f"{file or 'rules'}.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-c", BLOCKS[("run", name)]]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "" == ran.stderr
    assert BLOCKS[("output", name)] == ran.stdout
