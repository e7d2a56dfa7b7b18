"""The sample stream: it is what its script builds, and every source of it is read."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from selfheal_rules.normalize import Problem, Reading, read_items
from selfheal_rules.parse import load_rules
from tests.payloads import VOCABULARY

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "examples" / "events"
STREAM = EVENTS / "compute-host-failure.jsonl"


def _read() -> list[Reading | Problem]:
    with STREAM.open("rb") as lines:
        return list(read_items(lines, vocabulary=VOCABULARY))


def test_the_stream_is_what_its_script_builds() -> None:
    """Nothing in it was edited by hand: the script says what was captured and what was changed."""
    show = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['stream']())"
    built = subprocess.run([sys.executable, "-c", show, EVENTS / "build.py"], capture_output=True, check=True)
    assert STREAM.read_text(encoding="utf-8") == built.stdout.decode()


def test_one_payload_is_unrecognised_and_none_malformed() -> None:
    """The answer of an API nobody knows is named by its line and its keys."""
    problems = [read for read in _read() if isinstance(read, Problem)]
    expected = Problem(27, "unrecognised", "payload of no known source, with the keys `execution`, `tasks`")
    assert [expected] == problems


def test_the_sources_are_mixed() -> None:
    """Six of them speak in one file, and one that has no kind of its own."""
    sources = {read.item.source for read in _read() if isinstance(read, Reading)}
    named = {"alertmanager", "aodh", "ironic", "masakari", "nova", "//ops.example.org/calendar", "network.ctl"}
    assert named == sources


def test_what_nova_says_twice_has_one_identity() -> None:
    """Five events come in both formats, two of which the rules wait for."""
    events = [read.item for read in _read() if isinstance(read, Reading) and read.item.kind == "instance.action"]
    seen = Counter(item.id for item in events)
    assert (11, 6) == (len(events), len(seen))


def test_times_never_run_back_by_more_than_a_report_takes() -> None:
    """Apart from repeated and resolved alarms, which carry when they began, the stream is in order."""
    times = [
        read.item.time for read in _read() if isinstance(read, Reading) and read.item.kind not in {"alarm", "alias"}
    ]
    assert sorted(times) == times


def test_the_rules_of_the_sample_load() -> None:
    """The rule set is written in the shipped vocabulary and one kind of its own."""
    rules = load_rules(ROOT / "rulesets" / "compute-host-failure")
    assert ["host-is-dead", "heal-dead-host", "start-evacuated-server", "one-witness"] == [
        rule.id for rule in rules.rules
    ]


def test_the_page_of_the_stream_counts_its_lines() -> None:
    """The README beside it goes through to the last line."""
    page = (EVENTS / "README.md").read_text(encoding="utf-8")
    last = len(STREAM.read_text(encoding="utf-8").splitlines())
    assert f"| {last} | Alertmanager: `NovaComputeDown` is resolved" in page
