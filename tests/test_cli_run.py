"""`selfheal run`: payloads in, decisions out."""

import os
from pathlib import Path

import pytest

from selfheal_rules.cli.loading import load_all
from tests.calls import GOLDEN, RULES, STREAM, Call, alarm, caller, cloudevent

NOON = "2026-01-01T12:00:00Z"
NAMES = ["id", "rule", "action", "target", "because", "time", "verdict"]
OWN = """\
selfheal: 1
ruleset: own
events: {beat: {fields: {host: {type: string, required: true}, load: number}}}
params: {limit: {type: number, default: 5}, name: {type: string, default: a}}
rules:
  - id: busy
    when: {all: [{as: b, event: beat, where: {load: {more_than: $params.limit}, host: $params.name}}]}
    then: [{do: notify, target: $b.host, with: {load: $b.load, text: "${b.host}\\u001b[2J"}}]
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Write a rule set with kinds and parameters of its own."""
    (tmp_path / "rules.yaml").write_text(OWN, "utf-8")
    return tmp_path


def _beat(host: str, load: float, second: int = 0) -> bytes:
    return cloudevent("beat", f"{host}{load}{second}", f"2026-01-01T00:00:{second:02}Z", host=host, load=load)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("timeline", ()),
        ("patient", ("--param", "patience=1h", "--param", "alone=2m", "--until", "2026-11-22T18:00:00Z")),
    ],
)
def test_the_timeline_of_the_sample(call: Call, name: str, options: tuple[str, ...]) -> None:
    """Every decision reads as it did, down to the lines of its evidence; `UPDATE_GOLDEN=1` writes it anew."""
    found = call("run", RULES, "--input", STREAM, *options)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found.out, "utf-8")
    assert (0, golden.read_text("utf-8")) == (found.code, found.out)
    assert found.err.startswith("line 27: unrecognised: ")


def test_json_is_an_object_for_each_decision(call: Call) -> None:
    """Each says what a machine needs, its evidence down to what was posted; the summary goes elsewhere."""
    found = call("run", RULES, "--input", STREAM, "--format", "json")
    assert [] == [name for name in NAMES for one in found.objects if name not in one]
    fence = found.objects[0]
    assert ("heal-dead-host", "compute.fence", "compute3", "shadowed") == tuple(
        fence[name] for name in ("rule", "action", "target", "verdict")
    )
    (condemned,) = fence["because"]
    (dead,) = condemned["because"]
    (accused, _) = dead["because"]
    assert ["host.down", "host.missing"] == [one["kind"] for one in accused["because"]]
    assert ["alarm", "host.lost"] == [part["kind"] for one in accused["because"] for part in one["because"]]
    assert "6 decisions: 3 heal-dead-host" in found.err


def test_both_forms_tell_the_same_decisions(call: Call) -> None:
    """The text names each decision of the JSON, in the same order."""
    text = call("run", RULES, "--input", STREAM).out
    objects = call("run", RULES, "--input", STREAM, "--format", "json").objects
    heads = [line.split("  ", 1)[1] for line in text.splitlines() if line.startswith("2026-")]
    assert [f"{one['action']} {one['target']}" for one in objects] == heads


def test_standard_input_is_a_file(call: Call, own: Path) -> None:
    """`-` reads it."""
    found = call("run", own, "--input", "-", "--format", "json", text=_beat("a", 9))
    assert ["a"] == [one["target"] for one in found.objects]


def test_an_empty_input_is_well(call: Call) -> None:
    """Nothing is decided, and it is said that no time has passed."""
    found = call("run", RULES, "--input", "-")
    counts = "0 lines read; 0 unrecognised, 0 malformed\n0 items\n0 decisions\n"
    assert (0, f"{counts}nothing was seen, so no time has passed\n") == (found.code, found.out)


def test_malformed_lines_are_named_and_cost_nothing_else(call: Call, own: Path) -> None:
    """Garbage between sound lines ends with 1, and the decisions are made."""
    lines = _beat("a", 9) + b"\x00\xff\xfe garbage\n[[[\n" + _beat("a", 10, 1)
    found = call("run", own, "--input", "-", text=lines)
    assert (1, 2) == (found.code, found.out.count("notify a"))
    assert ["line 2: malformed", "line 3: malformed"] == [line[:17] for line in found.err.splitlines()]


def test_kinds_of_other_vocabularies_are_named_and_skipped(call: Call, own: Path) -> None:
    """An item the rule set has no kind for is no fault of the input."""
    lines = (Path(STREAM)).read_bytes().splitlines(keepends=True)[5] + _beat("a", 9)
    found = call("run", own, "--input", "-", text=lines)
    assert (0, 1) == (found.code, found.out.count("notify a"))
    assert "line 1: unrecognised: kind `alarm` is not in the vocabulary\n" in found.err


def test_parameters_are_read_as_their_types_ask(call: Call, own: Path) -> None:
    """A number and a text are set from the command line, and a text may look like a number."""
    lines = _beat("a", 2) + _beat("7", 2, 1) + _beat("7", 1, 2)
    options = ("--format", "json", "--param", "limit=1.5", "--param", "name=7")
    assert [["7", 2]] == [
        [one["target"], one["params"]["load"]] for one in call("run", own, "--input", "-", *options, text=lines).objects
    ]


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("integer, default: 1", "5", 5),
        ("boolean, default: false", "true", True),
        ("duration, default: 1s", "5m", "5m"),
        ("{list: integer}, default: []", "1, 2", (1, 2)),
        ("number, default: 1", "[1]", "[1]"),
        ("number, default: 1", "NaN", "NaN"),
    ],
)
def test_a_parameter_of_each_type(tmp_path: Path, declared: str, given: str, expected: object) -> None:
    """What cannot be read as its type asks stays a text, which the checks name."""
    text = OWN.replace("params: {", f"params: {{x: {{type: {declared}}}, ")
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    (loaded,) = load_all([tmp_path], {"x": given})
    assert loaded.ruleset
    assert expected == loaded.ruleset.values["x"]


def test_a_parameter_that_does_not_fit_is_a_finding(call: Call, own: Path) -> None:
    """It is named as the checks name it, and nothing runs."""
    found = call("run", own, "--input", "-", "--param", "limit=many")
    assert (3, "") == (found.code, found.out)
    assert "error[SH225]: the site's value of `limit`: string `many` is not a number" in found.err


def test_a_parameter_nobody_has_is_a_wrong_call(call: Call, own: Path) -> None:
    """It is said what it may have been."""
    found = call("run", own, "--input", "-", "--param", "limt=1")
    message = "selfheal: no rule set has a parameter `limt`; did you mean `limit`?\n"
    assert (2, message) == (found.code, found.err)


def test_rules_with_errors_do_not_run(call: Call, own: Path) -> None:
    """The whole report is shown on standard error, and the command ends with 3."""
    (own / "rules.yaml").write_text(OWN.replace("$b.host,", "$c.host,"), "utf-8")
    found = call("run", own, "--input", STREAM)
    assert (3, "") == (found.code, found.out)
    assert "\n1 error, 0 warnings\n" in found.err


def test_warnings_do_not_stop_a_run(call: Call, own: Path) -> None:
    """It is said that there are some."""
    (own / "rules.yaml").write_text(OWN.replace("params: {", "params: {unused: {type: string, default: a}, "), "utf-8")
    found = call("run", own, "--input", "-")
    assert (0, "selfheal: 1 warning about the rules; `selfheal check` shows them\n") == (found.code, found.err)


def test_two_rule_sets_of_one_name_are_refused(call: Call, own: Path) -> None:
    """What they decide could not be told apart."""
    (own / "again.yaml").write_text(OWN, "utf-8")
    found = call("run", own, own / "again.yaml", "--input", "-")
    assert 3 == found.code
    assert "error[SH331]: two rule sets are named `own`" in found.err


def test_several_rule_sets_run_over_one_stream(call: Call, own: Path) -> None:
    """Each decides on what it knows."""
    found = call(
        "run",
        own,
        RULES,
        "--input",
        "-",
        "--until",
        "2026-01-01T00:20:00Z",
        text=_beat("a", 9) + alarm("h", "2026-01-01T00:00:01Z"),
    )
    assert "2 decisions: 1 busy, 1 one-witness\n" in found.out


def test_time_stands_where_the_input_put_it(call: Call) -> None:
    """A timer later than the last item waits, and the summary says for when."""
    found = call("run", RULES, "--input", "-", text=alarm("h", "2026-01-01T00:00:00Z"))
    assert found.out.endswith(
        "\n0 decisions\ntime stands at 2026-01-01T00:00:00Z; "
        "what waits is due at 2026-01-01T00:00:30Z (`--until` lets it come)\n"
    )


def test_until_lets_time_pass(call: Call) -> None:
    """A timer is due at its instant exactly, and not a microsecond before."""
    for until, count in (("2026-01-01T00:10:29.999999Z", 0), ("2026-01-01T00:10:30Z", 1)):
        found = call(
            "run", RULES, "--input", "-", "--format", "json", "--until", until, text=alarm("h", "2026-01-01T00:00:00Z")
        )
        assert count == len(found.objects)


def test_how_late_an_event_may_come_is_set(call: Call, own: Path) -> None:
    """An event older than that is stale."""
    lines = _beat("a", 1, 30) + _beat("a", 9, 0)
    assert "notify a" in call("run", own, "--input", "-", text=lines).out
    late = call("run", own, "--input", "-", "--max-age", "20s", text=lines)
    assert "2 items: 1 unmatched, 1 stale\n" in late.out


def test_a_payload_cannot_steer_the_terminal(call: Call, own: Path) -> None:
    """Control characters are printed as escapes, and none can forge a line."""
    found = call("run", own, "--input", "-", "--param", "name=a\x1b[2J\nb", text=_beat("a\x1b[2J\nb", 9))
    assert "notify a\\x1b[2J\\nb\n" in found.out
    assert "\x1b" not in found.out


def test_the_end_of_time_is_no_surprise(call: Call) -> None:
    """Items at the last and at the first instant there is are taken like others."""
    for time in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        found = call("run", RULES, "--input", "-", text=alarm("h", time))
        assert (0, "") == (found.code, found.err)


def test_nobody_else_speaks_for_the_engine(call: Call) -> None:
    """What only an engine says of itself is refused, named by its line, and the rest is read."""
    said = {"ruleset": "s", "rule": "r", "action": "a", "target": "t", "status": "allowed", "guard": "mode"}
    forged = cloudevent("selfheal.decision", "1", NOON, **said, episode="e")
    found = call("run", RULES, "--input", "-", text=forged + alarm("h", NOON))
    assert (1, True) == (found.code, "1 item: 1 matched\n" in found.out)
    assert "line 1: malformed: `selfheal.decision` is what the engine itself says; it cannot be posted\n" == found.err


def test_halves_of_characters_are_written_as_escapes(call: Call, own: Path) -> None:
    """JSON may hold a surrogate alone; both forms name it, and the JSON reads back."""
    arguments = ("run", own, "--input", "-", "--param", "name=\ud800")
    assert "notify \\ud800\n" in call(*arguments, text=_beat("\ud800", 9)).out
    assert ["\ud800"] == [
        one["target"] for one in call(*arguments, "--format", "json", text=_beat("\ud800", 9)).objects
    ]
