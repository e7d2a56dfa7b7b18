"""Processes that are ended anywhere leave behind what an undisturbed one does."""

import json
import subprocess
import sys

import pytest

from tests.calls import ROOT


def test_processes_that_are_killed_lose_nothing_and_repeat_nothing(pytestconfig: pytest.Config) -> None:
    """[G19] Each decision of the undisturbed run occurs, none is executed twice, and the journals are equal."""
    points = pytestconfig.getoption("--crashes")
    command = [sys.executable, "-m", "tests.crash", "--points", str(points)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout or "{}")
    assert [] == found.get("wrong", [ran.stderr])
    assert (0, points) == (ran.returncode, found["ended"])
    assert (True, True) == (found["decisions"] > 200, found["records"] > 10_000)
