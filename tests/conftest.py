"""Options of the suite."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell that starts a run in the background has it ignore Ctrl-C, and so would every command the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, not whether the promise holds.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The everyday suite asks the same each time, so that it speaks of the change and not of luck; `search` looks further.
settings.register_profile("search", _PATIENT)
settings.register_profile("suite", _PATIENT, derandomize=True)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the differential run, over seeds of its own, and the crash harness be as long as somebody has time for."""
    group = parser.getgroup("differential")
    group.addoption("--cases", type=int, default=None, help="how many generated cases the differential tests try")
    group.addoption("--seed", type=int, default=0, help="the first seed; each gives a case")
    parser.addoption("--whole", action="store_true", help="try all there is, not what everyday work can wait for")
    parser.addoption("--crashes", type=int, default=None, help="how many processes the crash harness ends")
    group.addoption("--done", type=Path, default=None, help="where blocks are noted that are done, and not run again")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless all is asked for."""
    if config.getoption("--whole"):
        return
    left = [item for item in items if item.get_closest_marker("whole")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("whole")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say why tests were skipped, each reason once; and how many cases the blocks of `--done` had, and counted."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()))
    for reason, times in sorted(skipped.items()):
        terminalreporter.write_line(f"{times:10,} {reason}")
    done: Path | None = config.getoption("--done")
    if done and done.exists():
        blocks = [line.split() for line in done.read_text().splitlines()]
        for name in sorted({block[0] for block in blocks}):
            tried, counted = (sum(int(block[at]) for block in blocks if block[0] == name) for at in (2, 3))
            terminalreporter.write_line(f"{tried:10,} cases, {counted:,} counted: {name}")
