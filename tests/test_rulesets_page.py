"""The pages of the shipped rule sets say what the rule sets are."""

import re
from pathlib import Path

import pytest

from selfheal_rules import load_rules
from tests.rulesets_page import FACTS, FOLDER, RECORDED, WORDS, pages

NAMES = [path.parent.name for path in sorted(FOLDER.glob("*/rules.yaml"))]


@pytest.mark.parametrize(("path", "expected"), pages().items(), ids=NAMES)
def test_the_page_is_written_from_the_rules(path: Path, expected: str) -> None:
    """What stands in `README.md` is what `python -m tests.rulesets_page` writes."""
    assert expected == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_use_case_is_told_whole(name: str) -> None:
    """The metadata answers every question of the SIG's form, and nothing else."""
    assert sorted([*FACTS, *WORDS]) == sorted(load_rules(FOLDER / name).metadata)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_is_played_to_the_rules(name: str) -> None:
    """Each file of the rule set is there, and one of its tests plays it; where there is none the page says why."""
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((FOLDER / name).glob("*test*.yaml")))
    assert NAMES == list(RECORDED)
    assert [] == [file for file in RECORDED[name]["files"] if file not in tests or not (FOLDER / name / file).exists()]
    assert RECORDED[name]["how"]


@pytest.mark.parametrize("name", NAMES)
def test_what_holds_a_step_back_is_written_whole(name: str) -> None:
    """Brackets of a guard are closed where it is cited."""
    cited = re.findall(r"`([^`]*)`", (FOLDER / name / "README.md").read_text(encoding="utf-8").partition("## Remed")[2])
    assert [] == [one for one in cited if any(one.count(a) != one.count(b) for a, b in ("{}", "[]"))]
