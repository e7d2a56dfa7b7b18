"""`selfheal run --engine durable`: the same decisions, what stays native by name, and a cure where it cannot run."""

import sys

import pytest

from tests.calls import GOLDEN, RULES, STREAM, Call, caller
from tests.durable.rig import Asked


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_the_sample_reads_the_same(asked: Asked, call: Call) -> None:
    """The sample gives the decisions of the native engine, to the byte; what stays native is said beside them."""
    found = call("run", RULES, "--input", STREAM, "--engine", "durable")
    assert (0, (GOLDEN / "timeline.txt").read_text("utf-8")) == (found.code, found.out)
    names = (
        "heal-dead-host", "ha-monitor-says-so", "host-is-back", "host-is-in-hand", "node-is-worked-on", "host-is-dead",
        "both-have-spoken",
        "nova-is-not-heard", "host-is-held-down",
        "host-is-condemned", "tell-waiting-host", "host-bears-our-mark", "force-host-up", "enable-host",
        "tell-host-left", "tell-unmarked-host",
        "one-witness", "tell-host-on-maintenance", "tell-host-of-another-healer", "tell-untouched-host",
        "tell-half-emptied-host", "tell-covered-host",
        "tell-unhealed-host",
    )  # fmt: skip
    start, end = (
        "selfheal: rule `",
        "` (compute-host-failure): `none` is joined natively: it wants nothing to be there, ",
    )
    told = [line for line in found.err.splitlines() if line.startswith("selfheal: ")]
    unjoined = [line for line in told if "no equality joins it" in line]
    assert ["nova-is-not-heard"] == [line.removeprefix(start).partition("`")[0] for line in unjoined]
    lines = [line for line in told if line not in unjoined]
    assert list(names) == [line.removeprefix(start).partition(end)[0] for line in lines]
    assert asked.answers


def test_without_durable_rules_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """Where it is not installed nothing runs, and the message says how to install it or to do without."""
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    found = call("run", RULES, "--input", STREAM, "--engine", "durable")
    assert (3, "") == (found.code, found.out)
    assert found.err.startswith("selfheal: matcher `durable` cannot be used here: ")
    assert "Traceback" not in found.err


def test_another_engine_is_none(call: Call) -> None:
    """There are two engines, and their names are listed."""
    found = call("run", RULES, "--input", STREAM, "--engine", "rete")
    assert (2, "") == (found.code, found.out)
    assert "'native', 'durable'" in found.err
