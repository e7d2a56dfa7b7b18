"""Processes that are ended anywhere leave behind what an undisturbed one does."""

import json
import os
import subprocess
import sys

import pytest

from tests.calls import ROOT
from tests.everyday import some
from tests.journal.storages import SERVERS


def _points(config: pytest.Config) -> int:
    """How many processes are ended."""
    asked: int | None = config.getoption("--crashes")
    return (60 if config.getoption("--whole") else 18) if asked is None else asked


def test_processes_that_are_killed_lose_nothing_and_repeat_nothing(pytestconfig: pytest.Config) -> None:
    """[G19] Each decision of the undisturbed run occurs, none is executed twice, and the journals are equal."""
    points = _points(pytestconfig)
    command = [sys.executable, "-m", "tests.crash", "--points", str(points)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout or "{}")
    assert [] == found.get("wrong", [ran.stderr])
    assert (0, points) == (ran.returncode, found["ended"])
    assert (True, True) == (found["decisions"] > 200, found["records"] > 10_000)
    assert points < 60 or all(found["over"][name] > 0 for name in ("file", "once", "sqlite"))


def test_processes_that_are_killed_while_executors_work_beside_them_repeat_nothing() -> None:
    """[G19] No key is executed twice and none is lost, and what is decided follows from the inputs as recorded."""
    command = [sys.executable, "-m", "tests.crash", "--points", "10", "--inputs", "1500", "--over", "beside"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout or "{}")
    assert ([], 10) == (found.get("wrong", [ran.stderr]), found["ended"])


@pytest.mark.parametrize("variable", SERVERS.values(), ids=SERVERS)
def test_processes_that_are_killed_leave_a_servers_journal_whole(variable: str) -> None:
    """[G19] A handful of processes, ended amidst what a database on a server does for them."""
    if variable not in os.environ:
        pytest.skip(f"{variable} names no server; `python -m tests.servers COMMAND` starts one")
    command = [sys.executable, "-m", "tests.crash", "--points", "8", "--inputs", "1500", "--over", os.environ[variable]]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout or "{}")
    assert ([], 8) == (found.get("wrong", [ran.stderr]), found["ended"])


@pytest.mark.parametrize("over", some(["file", "once", "sqlite"], 3))
def test_what_people_say_to_processes_that_are_killed_is_done_once(pytestconfig: pytest.Config, over: str) -> None:
    """[G2, G19] What was approved is executed once, what was not never, and what was said is recorded once."""
    points = max(12, _points(pytestconfig) // 4)
    command = [sys.executable, "-m", "tests.crash.spoken", "--points", str(points), "--over", over]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout or "{}")
    assert ([], points) == (found.get("wrong", [ran.stderr]), found["told"])
    assert points // 4 < found["ended"]
