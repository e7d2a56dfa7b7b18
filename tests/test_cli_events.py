"""`selfheal events`: what rules will see of raw payloads."""

import json
from pathlib import Path

import pytest

from selfheal_rules.normalize import Reading, read_items
from tests.calls import ROOT, RULES, STREAM, Call, alarm, caller
from tests.payloads import VOCABULARY, raw


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def test_each_item_is_a_cloudevent_on_a_line(call: Call) -> None:
    """What is printed reads as the same items again."""
    found = call("events", STREAM)
    with (ROOT / STREAM).open("rb") as lines:
        expected = [read.item for read in read_items(lines, vocabulary=VOCABULARY) if isinstance(read, Reading)]
    again = read_items(found.out.splitlines(), vocabulary=VOCABULARY)
    assert expected == [read.item for read in again if isinstance(read, Reading)]


def test_what_is_not_recognised_is_named_and_no_fault(call: Call) -> None:
    """The line and the keys are said on standard error, and the command ends with 0."""
    found = call("events", STREAM)
    message = "line 27: unrecognised: payload of no known source, with the keys `channel`, `text`, `user`\n"
    assert (0, message) == (found.code, found.err)


def test_what_is_malformed_is_named_and_a_fault(call: Call) -> None:
    """The lines around it are read, and the command ends with 1."""
    found = call(
        "events", "-", text=alarm("a", "2026-01-01T00:00:00Z") + b"{\n\xff\n" + alarm("b", "2026-01-01T00:00:00Z")
    )
    assert (1, ["a", "b"]) == (found.code, [one["id"] for one in found.objects])
    assert ["line 2: malformed", "line 3: malformed"] == [line[:17] for line in found.err.splitlines()]


def test_an_empty_input_has_nothing(call: Call) -> None:
    """Nothing is printed, and that is well."""
    found = call("events", "-")
    assert (0, "", "") == (found.code, found.out, found.err)


def test_a_vocabulary_may_be_a_file(call: Call, tmp_path: Path) -> None:
    """Items are held against its kinds; those it does not have are not recognised."""
    path = tmp_path / "ours.yaml"
    path.write_text("selfheal_vocabulary: 1\nvocabulary: ours\nevents: {beat: {fields: {host: string}}}\n", "utf-8")
    beat = {"specversion": "1.0", "type": "beat", "source": "s", "id": "1", "time": "2026-01-01T00:00:00Z"}
    lines = json.dumps(beat | {"data": {"host": "a"}}).encode() + b"\n" + alarm("a", "2026-01-01T00:00:00Z")
    found = call("events", "-", "--vocabulary", path, text=lines)
    assert (0, ["beat"]) == (found.code, [one["type"] for one in found.objects])
    assert "line 2: unrecognised: CloudEvent type 'alarm' is no kind of the vocabulary\n" == found.err


@pytest.mark.parametrize("name", ["opnstack", "none.yaml", "rulesets"])
def test_a_vocabulary_that_is_none_is_refused(call: Call, name: str) -> None:
    """It is said which, and how to cure it."""
    found = call("events", STREAM, "--vocabulary", name)
    assert (3, "") == (found.code, found.out)
    assert f"`{name}`" in found.err


@pytest.mark.parametrize(
    ("name", "why"),
    [("none.jsonl", "no such file or directory"), ("examples", "is a directory"), ("a\0b", "null byte")],
)
def test_a_file_that_cannot_be_read_is_refused(call: Call, name: str, why: str) -> None:
    """It is said which, and why."""
    found = call("events", name)
    assert 3 == found.code
    assert found.err.startswith("selfheal: file `")
    assert why in found.err


def test_a_giant_key_does_not_flood_the_terminal(call: Call) -> None:
    """What is said of a line is cut off, and holds no control characters."""
    found = call("events", "-", text=json.dumps({"\x1b[2J" + "k" * 10_000: 1}).encode())
    assert len(found.err) < 400
    assert "\\x1b[2J" in found.err


def test_a_payload_over_many_lines_gets_advice(call: Call) -> None:
    """Whoever gives a file as a human would write it is told what to do with it, after the lines."""
    text = json.dumps(json.loads(alarm("a", "2026-01-01T00:00:00Z")), indent=2).encode()
    advice = "selfheal: each payload has to stand on one line; `jq -c .` writes it so"
    for arguments in (("events", "-"), ("run", RULES, "--input", "-")):
        found = call(*arguments, text=text)
        assert (1, advice) == (found.code, found.err.splitlines()[-1])


def test_a_payload_without_a_time_gets_advice(call: Call) -> None:
    """Whoever pipes the bodies of a webhook as they are is told how to say when they came."""
    body, received = raw("aodh/webhook.ok.1")
    found = call("events", "-", text=json.dumps(body).encode())
    assert (1, "") == (found.code, found.out)
    advice = found.err.splitlines()[-1]
    assert advice.startswith("selfheal: what says no time is given it in a line of the form ")
    line = advice.split("`")[1].replace("…", json.dumps(body))
    assert received is not None
    again = call("events", "-", text=line.encode())
    assert (0, 1) == (again.code, len(again.objects))
