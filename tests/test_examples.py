"""The examples: each runs as it stands, and decides what the rules ask for."""

import importlib.util
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

import selfheal_rules as sr
from selfheal_rules.normalize import Reading, read_items
from tests.calls import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DECIDED = [
    ("compute.fence", "compute3"),
    ("compute.force_down", "compute3"),
    ("compute.disable_service", "compute3"),
    ("compute.evacuate_host", "compute3"),
    ("compute.start_server", "13c2deab-a1ff-49ba-a3f4-8a9370c99d8e"),
    ("notify", "compute1"),
]


def _example(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load an example without running it."""
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_by_hand(path: Path) -> None:
    """From the root of the repository, without a warning, it prints the six decisions of the sample."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(path)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
    decided = [line.split() for line in ran.stdout.decode().splitlines() if " by " in line]
    assert [action for action, _ in DECIDED] == [words[3] for words in decided]
    assert b"" == ran.stderr


def test_the_ten_lines_are_about_ten() -> None:
    """The shortest way in stays short."""
    lines = (ROOT / "examples" / "embed.py").read_text("utf-8").splitlines()
    assert 10 >= len([line for line in lines if line and not line.startswith(('"""', "import", "from"))])


def test_the_loop_is_awake_when_a_timer_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that only its sleep moves, each decision is made at the very instant of its timer."""
    example = _example("monitoring_loop", monkeypatch)
    program = sr.compile_rules(sr.load_rules(example.RULES))
    with example.STREAM.open("rb") as lines:
        read = [one.item for one in read_items(lines, vocabulary=program.vocabulary) if isinstance(one, Reading)]
    replay = example.Replay(read)
    found: list[tuple[sr.Decision, timedelta]] = []
    example.watch(
        sr.Engine(program),
        replay.poll,
        lambda decision: found.append((decision, replay.now - decision.time)),
        replay.clock,
        replay.sleep,
    )
    assert DECIDED == [(decision.action, decision.target) for decision, _ in found]
    timed = [late for decision, late in found if decision.action in {"compute.fence", "notify"}]
    assert [True, True] == [late < timedelta(milliseconds=2) for late in timed]


def test_the_loop_polls_at_its_pace_when_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a timer it sleeps as long as it was told, and ends when there is nothing more to poll."""
    example = _example("monitoring_loop", monkeypatch)
    polls: list[list[sr.Event] | None] = [[], [], None]
    slept: list[float] = []
    engine = sr.Engine(sr.compile_rules(sr.load_rules(example.RULES)))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    example.watch(engine, lambda: polls.pop(0), print, lambda: now, slept.append, every=7.0)
    assert [7.0, 7.0] == slept
