"""The sample stream: it is what its script builds, and every source of it is read."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from selfheal_rules.check import check_rules, load_rules
from selfheal_rules.compile import compile_rules
from selfheal_rules.engine import Engine
from selfheal_rules.model import Do
from selfheal_rules.normalize import Problem, Reading, read_items
from selfheal_rules.values import moment
from tests.payloads import VOCABULARY
from tests.reference.matcher import Reference

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "examples" / "events"
STREAM = EVENTS / "compute-host-failure.jsonl"
RULES = ROOT / "rulesets" / "compute-host-failure"


def _read() -> list[Reading | Problem]:
    with STREAM.open("rb") as lines:
        return list(read_items(lines, vocabulary=VOCABULARY))


def test_the_stream_is_what_its_script_builds() -> None:
    """Nothing in it was edited by hand: the script says what was captured and what was changed."""
    show = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['stream']())"
    built = subprocess.run([sys.executable, "-c", show, EVENTS / "build.py"], capture_output=True, check=True)
    assert STREAM.read_text(encoding="utf-8") == built.stdout.decode()


def test_one_payload_is_unrecognised_and_none_malformed() -> None:
    """What a chat bot says is named by its line and its keys."""
    problems = [read for read in _read() if isinstance(read, Problem)]
    expected = Problem(27, "unrecognised", "payload of no known source, with the keys `channel`, `text`, `user`")
    assert [expected] == problems


def test_the_sources_are_mixed() -> None:
    """Six of them speak in one file, and a calendar that is none of them."""
    sources = {read.item.source for read in _read() if isinstance(read, Reading)}
    named = {"alertmanager", "aodh", "ironic", "masakari", "nova", "//ops.example.org/calendar", "neutron"}
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


def test_the_rules_of_the_sample_are_sound() -> None:
    """It is written in the shipped vocabulary and kinds of its own, and checks find what its own comment ignores."""
    rules = load_rules(RULES)
    assert ["SH400"] == [found.code for found in check_rules(rules).findings]
    heard = ["monitoring-says-so", "ha-monitor-says-so", "host-was-back", "host-is-back", "host-is-in-hand"]
    judged = ["node-bears-our-mark", "node-is-worked-on", "witnesses-agree", "host-is-dead", "both-have-spoken"]
    spared = ["host-has-fallen", "something-reports", "nova-is-not-heard", "clock-is-off", "masakari-is-at-it"]
    taken = [
        "masakari-is-at-it-by-uuid",
        "host-is-switched-on",
        "another-healer-marked-it",
        "another-healer-has-it",
        "host-is-held-down",
    ]
    healed = ["host-is-condemned", "heal-dead-host", "tell-slow-evacuation"]
    felled = ["tell-host-switched-on", "tell-waiting-host", "host-was-felled", "host-becomes-ours", "verdict-is-over"]
    marked = [*felled, "host-serves-again"]
    back = [
        "keep-off",
        "host-is-up-with-its-mark",
        "host-is-released",
        "host-bears-our-mark",
        "host-bears-another-mark-of-ours",
        "force-host-up",
        "enable-host",
        "tell-host-left",
    ]
    left = ["server-was-evacuated", "server-was-rebuilt", "server-was-stopped", "server-was-started"]
    told = ["server-is-left-off", "start-evacuated-server", "tell-host-kept-down", "tell-what-failed"]
    last = ["tell-what-waits", "tell-unmarked-host", "tell-stopped-server", "one-witness"]
    theirs = ["host-is-attended", "tell-host-on-maintenance", "tell-host-of-another-healer"]
    paged = ["tell-untouched-host", "tell-half-emptied-host", "tell-covered-host", "tell-unhealed-host"]
    ids = [*heard, *judged, *spared, *taken, *healed, *marked, *back, *left, *told, *last, *theirs, *paged]
    assert ids == [rule.id for rule in rules.rules]


def test_what_is_decided_is_what_the_page_says() -> None:
    """Both engines fence compute3, force it down, evacuate it, keep it off, start its server, and ask of compute1."""
    items = [read.item for read in _read() if isinstance(read, Reading)]
    oracle, native = Reference(load_rules(RULES)), Engine(compile_rules(load_rules(RULES)))
    steps = [oracle.post(item) for item in items]
    decided = [(moment(one.at).time().isoformat(), one.action, one.target) for step in steps for one in step.decisions]
    own = [decision for item in items for decision in native.post(item)]
    # the oracle knows no guards; at one instant what no guard speaks to is decided before what one does
    free = {
        step.action for rule in load_rules(RULES).rules if not rule.guard for step in rule.then if isinstance(step, Do)
    }
    expected = sorted(decided, key=lambda one: (one[0], one[1] not in free))
    assert expected == [(one.time.time().isoformat(), one.action, one.target) for one in own]
    server = "13c2deab-a1ff-49ba-a3f4-8a9370c99d8e"
    assert [
        ("16:10:01.890954", "compute.fence", "compute3"),
        ("16:10:03.750296", "compute.force_down", "compute3"),
        ("16:10:05.126034", "compute.evacuate_host", "compute3"),
        ("16:10:05.126034", "compute.disable_service", "compute3"),
        ("16:10:20.378742", "compute.start_server", server),
        ("16:19:52.755000", "notify", "compute1"),
    ] == decided
    page = (EVENTS / "README.md").read_text(encoding="utf-8")
    assert [] == [time for time, _, _ in decided if time.rstrip("0") not in page]


def test_the_page_of_the_stream_counts_its_lines() -> None:
    """The README beside it goes through to the last line."""
    page = (EVENTS / "README.md").read_text(encoding="utf-8")
    last = len(STREAM.read_text(encoding="utf-8").splitlines())
    assert f"| {last} | Alertmanager: `NovaComputeDown` is resolved" in page
