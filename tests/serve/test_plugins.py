"""What another package brings works in one process: its source hears, a rule asks for its action, its executor acts."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from selfheal_rules.cli import main
from selfheal_rules.integrations.intake import Intake
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.plugins import PluginError
from selfheal_rules.serve.sources import Setting, Source, Sources, UnstartableError
from selfheal_rules.serving import PluginSource
from selfheal_rules.values import FrozenMap
from tests.installed import acme, put
from tests.serve.rig import ROOT
from tests.test_plugins import RULES

PATIENCE = 30.0
CONFIG = """\
selfheal_serve: 1
rules: [racks.yaml]
policy: policy.yaml
journal: heal.jsonl
sources: [{plugin: acme, with: {folder: alarms}}]
executors: {plugins: [acme], tell: {notify: told.url}DRY}
"""
POLICY = """\
selfheal_policy: 1
policy: acme
mode: enforce
autonomy: [{action: "acme.*", grade: auto}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a configuration, the package, and a board with one rack."""
    acme(tmp_path)
    for name, text in (("racks", RULES), ("policy", POLICY), ("serve", CONFIG.replace("DRY", ""))):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    (tmp_path / "told.url").write_text("http://127.0.0.1:9/", "utf-8")
    for name in ("alarms", "board"):
        (tmp_path / name).mkdir()
    (tmp_path / "board" / "r1").touch()
    told = json.dumps({"rack": "r1", "at": datetime.now(UTC).isoformat()})
    (tmp_path / "alarms" / "a1.json").write_text(told, "utf-8")
    return tmp_path


def _served(folder: Path, shows: Callable[[], bool]) -> None:
    """Serve until something shows."""
    known = {**os.environ, "PYTHONPATH": str(folder), "ACME_BOARD": str(folder / "board")}
    command = [sys.executable, "-m", "selfheal_rules", "serve", str(folder / "serve.yaml")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, env=known, stderr=log) as process:
        try:
            end = time.monotonic() + PATIENCE
            while not shows():
                assert process.poll() is None, (folder / "log").read_text("utf-8")
                assert time.monotonic() < end, (folder / "log").read_text("utf-8")
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGTERM)
    assert 0 == process.returncode, (folder / "log").read_text("utf-8")


def _outcomes(folder: Path) -> list[tuple[str, str]]:
    if not (folder / "heal.jsonl").exists():
        return []
    found = [one.data for one in FileJournal(folder / "heal.jsonl").records() if one.type == "outcome"]
    return [(str(one["status"]), str(one["detail"])) for one in found]


def test_an_alarm_of_its_own_leads_to_an_action_of_its_own(folder: Path) -> None:
    """The board has the line, the journal the outcome, and the alarm is gone from its folder."""
    page = folder / "board" / "r1"
    _served(folder, lambda: bool(page.read_text("utf-8")) and bool(_outcomes(folder)))
    assert page.read_text("utf-8").endswith(" T-1\n")
    assert ["done"] == [status for status, _ in _outcomes(folder)]
    assert [] == [*(folder / "alarms").iterdir()]


def test_dry_it_is_only_said(folder: Path) -> None:
    """The board is asked, and not written on."""
    (folder / "serve.yaml").write_text(CONFIG.replace("DRY", ", dry: true"), "utf-8")
    _served(folder, lambda: bool(_outcomes(folder)))
    ((status, detail),) = _outcomes(folder)
    assert "dry_run" == status
    assert detail.startswith(f"append to {folder}/board/r1: ")
    assert "" == (folder / "board" / "r1").read_text("utf-8")


def test_one_that_is_not_installed_is_told_before_the_start(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By `--check`, at its place."""
    assert 1 == main(["serve", str(folder / "serve.yaml"), "--check"])
    told = "".join(capsys.readouterr())
    assert 2 == told.count("error[SH359]: no package that is installed brings `acme`")


def test_what_is_no_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has to begin and to end; a count of what it could not read is shown with those of others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = """
from collections import Counter

class Bare:
    pass

class Counting:
    def __init__(self, given, setting): self.problems = Counter({given["why"]: 2})
    def start(self): pass
    def stop(self): pass

def bare(given, setting): return Bare()
"""
    points = {"selfheal_rules.sources": {"bare": "odd:bare", "counting": "odd:Counting"}}
    put(tmp_path, "odd", points, odd=written)
    setting = Setting(tmp_path, Intake(), lambda: pytest.fail("not asked"), lambda: datetime.now(UTC), time.monotonic)
    sources = Sources()
    with pytest.raises(PluginError, match="what it makes has no `start` and `stop`"):
        sources.add(PluginSource("bare"), setting)
    sources.add(PluginSource("counting", FrozenMap({"why": "malformed"})), setting)
    assert {("plugin counting", "malformed"): 2} == dict(sources.unread())
    del sys.modules["odd"]


def _source(start: Callable[[], None], stop: Callable[[], None]) -> Source:
    return cast("Source", SimpleNamespace(start=start, stop=stop))


def test_one_that_hangs_keeps_no_other_from_beginning_or_ending(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, and left behind; what the others do at their end is done."""
    ever, done = threading.Event(), Counter[str]()

    def hangs() -> None:
        ever.wait()

    sources = Sources()
    sources.every["slow"] = _source(hangs, hangs)
    sources.every["quick"] = _source(lambda: done.update(["begun"]), lambda: done.update(["ended"]))
    sources.start(patience=0.05)
    sources.stop(patience=0.05)
    ever.set()
    assert {"begun": 1, "ended": 1} == done
    assert ["has not begun yet" in caplog.messages[0], "does not end" in caplog.messages[1]] == [True, True]
    assert 2 == sum("source slow" in one for one in caplog.messages)


def test_one_that_cannot_begin_is_named_without_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    """The text of a fault may be anybody's, with anybody's password; its kind is enough. At the end it stops nobody."""

    def fails() -> None:
        message = "user:hunter2@host"
        raise RuntimeError(message)

    sources = Sources()
    sources.every["odd"] = _source(fails, fails)
    with pytest.raises(UnstartableError, match=r"^source odd cannot be started: RuntimeError$"):
        sources.start()
    sources.stop()
    assert ["source odd ended with RuntimeError"] == caplog.messages
