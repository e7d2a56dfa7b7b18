"""`selfheal check`: what authors are told, and what machines read of it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from selfheal_rules.check.policy import check_calendars
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.source import Source
from tests.calls import RULES, Call, caller

HEAD = "selfheal: 1\nruleset: tests\nvocabulary: [openstack]\nrules:\n"
SOUND = f"""{HEAD}\
  - id: lost
    when: {{all: [{{as: lost, event: host.lost, where: {{host: {{exists: true}}}}}}]}}
    then: [{{do: notify, target: $lost.host}}]
"""
WRONG = SOUND.replace("host.lost", "host.lots").replace("vocabulary: [openstack]", "vocabulary: [openstack]\ncolour: 1")
WARNED = SOUND.replace("rules:\n", "params: {unused: {type: string, default: a}}\nrules:\n")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _file(folder: Path, text: str, name: str = "rules.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_sound_rules_have_no_findings(call: Call) -> None:
    """The shipped rule set passes, strictly, too."""
    for options in ((), ("--strict",)):
        found = call("check", RULES, *options)
        assert (0, "no findings\n", "") == (found.code, found.out, found.err)


def test_reading_and_checking_tell_their_findings_at_once(call: Call, tmp_path: Path) -> None:
    """A structural mistake does not hide a wrong name in a rule beside it; each has its caret and its cure."""
    found = call("check", _file(tmp_path, WRONG))
    assert 1 == found.code
    assert "error[SH102]: a rule set has no key `colour`" in found.out
    assert "did you mean `host.lost`?" in found.out
    assert "                                  ^^^^^^^^^\n" in found.out
    assert found.out.endswith("\n2 errors, 0 warnings\n")


def test_json_is_an_object_for_each_finding(call: Call, tmp_path: Path) -> None:
    """Each has these seven names and no other."""
    found = call("check", _file(tmp_path, WRONG), "--format", "json")
    names = ["code", "severity", "message", "file", "line", "column", "help"]
    assert [names, names] == [list(finding) for finding in found.objects]
    assert [("SH102", 4, 1), ("SH203", 7, 36)] == [
        (finding["code"], finding["line"], finding["column"]) for finding in found.objects
    ]


def test_no_findings_are_no_lines_of_json(call: Call) -> None:
    """A machine reads an empty output as an empty list."""
    found = call("check", RULES, "--format", "json")
    assert (0, "") == (found.code, found.out)


def test_warnings_count_where_it_is_strict(call: Call, tmp_path: Path) -> None:
    """Alone they end with 0, and with 1 under `--strict`."""
    file = _file(tmp_path, WARNED)
    assert (0, 1) == (call("check", file).code, call("check", file, "--strict").code)
    assert ["warning"] == [finding["severity"] for finding in call("check", file, "--format", "json").objects]


def test_several_paths_are_one_report(call: Call, tmp_path: Path) -> None:
    """Files and folders are checked together, each file once however it is named."""
    _file(tmp_path / "a", WRONG)
    _file(tmp_path / "b", WRONG.replace("ruleset: tests", "ruleset: others"))
    found = call("check", tmp_path, tmp_path / "a", tmp_path / "b" / "rules.yaml", RULES)
    assert found.out.endswith("\n4 errors, 0 warnings\n")


def test_several_rule_sets_are_held_against_each_other(call: Call, tmp_path: Path) -> None:
    """What keeps them from running together is said as `run` would say it."""
    first, second = _file(tmp_path, SOUND, "one.yaml"), _file(tmp_path, SOUND, "two.yaml")
    found = call("check", first, second, "--format", "json")
    assert (1, ["SH331"]) == (found.code, [finding["code"] for finding in found.objects])
    assert str(second) == found.objects[0]["file"]


def test_what_is_not_there_is_said_and_the_rest_checked(call: Call, tmp_path: Path) -> None:
    """A missing file ends with 3, and does not hide the findings of the others."""
    found = call("check", tmp_path / "none.yaml", _file(tmp_path, WRONG), "--format", "json")
    message = f"selfheal: file `{tmp_path}/none.yaml` cannot be read: no such file or directory\n"
    assert (3, message, 2) == (found.code, found.err, len(found.objects))


def test_nothing_is_sound_that_was_not_read(call: Call) -> None:
    """Where nothing could be read, nothing says that there are no findings."""
    found = call("check", "none.yaml")
    assert (3, "") == (found.code, found.out)


def test_a_folder_without_rules_is_refused(call: Call, tmp_path: Path) -> None:
    """It is said of which folder."""
    found = call("check", tmp_path)
    message = f"selfheal: folder `{tmp_path}` has no `rules.yaml`, nor has any folder in it\n"
    assert (3, message) == (found.code, found.err)


def test_what_is_no_text_is_refused(call: Call, tmp_path: Path) -> None:
    """A file of another encoding cannot be loaded."""
    (tmp_path / "rules.yaml").write_bytes(b"\xff\xfe")
    found = call("check", tmp_path)
    assert 3 == found.code
    assert "is not UTF-8 text: byte 0 is wrong" in found.err


def test_text_that_is_no_yaml_is_a_finding(call: Call, tmp_path: Path) -> None:
    """It has its place and its cure like any other."""
    found = call("check", _file(tmp_path, "rules: [\n"))
    assert 1 == found.code
    assert "error[SH002]" in found.out


def test_a_rule_left_out_is_not_missed(call: Call, tmp_path: Path) -> None:
    """What one would be warned of only because a rule could not be read is not said."""
    read = (
        "  - id: dead\n    when: {all: [{as: x, state: dead}]}\n    then: [{do: notify, target: $x.host}]\n    wen: 1\n"
    )
    kinds = "vocabulary: [openstack]\nstates: {dead: {key: [host], fields: {host: string}}}"
    concluded = SOUND.replace("do: notify, target: $lost.host", "conclude: dead, with: {host: $lost.host}, ttl: 1h")
    found = call(
        "check", _file(tmp_path, concluded.replace("vocabulary: [openstack]", kinds) + read), "--format", "json"
    )
    assert ["SH102"] == [finding["code"] for finding in found.objects]


def test_a_path_that_cannot_be_looked_at_is_told_as_such(call: Call) -> None:
    """It is the rules that cannot be read, not the output that cannot be written."""
    found = call("check", "x" * 5000)
    assert (3, "") == (found.code, found.out)
    assert found.err.endswith("xxx` cannot be read: file name too long\n")


def test_a_circle_of_links_is_told_as_such(call: Call, tmp_path: Path) -> None:
    """Not by a traceback."""
    (tmp_path / "rules.yaml").symlink_to("rules.yaml")
    found = call("check", tmp_path / "rules.yaml")
    assert (3, "") == (found.code, found.out)
    assert "cannot be read: " in found.err


def test_a_folder_that_may_not_be_looked_into_is_told_as_such(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside others, too: what cannot be looked at is not passed over."""
    for name in ("open", "shut"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text("selfheal: 1\nruleset: r\nrules: []\n")
    exists = Path.exists

    def refuse(path: Path) -> bool:
        if path.parent.name == "shut":
            raise PermissionError(13, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", refuse)
    found = call("check", tmp_path)
    said = f"selfheal: file `{tmp_path}` cannot be read: permission denied\n"
    assert (3, "", said) == (found.code, found.out, found.err)


# Standard input


def test_rules_may_come_from_standard_input(call: Call, tmp_path: Path) -> None:
    """`-` says of what comes in what the file of it would say, and names where it stands."""
    for text in (SOUND, WRONG, WARNED):
        file = _file(tmp_path, text)
        by_file, by_input = call("check", file, "--strict"), call("check", "-", "--strict", text=text.encode())
        assert by_file.code == by_input.code
        assert by_file.out.replace(str(file), "standard input") == by_input.out


def test_standard_input_is_read_once(call: Call, tmp_path: Path) -> None:
    """Where two things are to come from it, the second is refused and not taken for empty; so is what is no text."""
    sound, file = SOUND.encode(), _file(tmp_path, SOUND)
    assert "selfheal: standard input can be read once\n" == call("run", "-", "--input", "-", text=sound).err
    found = call("check", "-", "--policy", "-", text=sound)
    assert (3, "selfheal: standard input can be read once\n") == (found.code, found.err)
    broken = call("check", "-", file, text=b"\xff")
    assert (3, "selfheal: standard input is not UTF-8 text: byte 0 is wrong\n") == (broken.code, broken.err)


@pytest.mark.parametrize("command", ["graph", "plan"])
def test_whatever_reads_rules_reads_them_from_standard_input(call: Call, command: str) -> None:
    """Not `check` alone: what shows rules, too."""
    found = call(command, "-", text=SOUND.encode())
    assert (0, "") == (found.code, found.err)
    assert found.out


def test_a_policy_may_come_from_standard_input(call: Call) -> None:
    """Beside rules in files; what is wrong with it stands in standard input."""
    found = call("check", RULES, "--policy", "-", text=b"selfheal_policy: 1\nmood: enforce\n")
    assert found.code == 1
    assert "standard input:2:1: error[SH102]" in found.out


CALENDAR = """\
selfheal_policy: 1
policy: site
maintenance:
  - {{name: night, targets: [az1], days: [sat], from: "22:00", to: "04:00", zone: UTC, until: {}, owner: o, reason: r}}
"""


@pytest.mark.parametrize(
    ("until", "expected"), [("2001-01-06", ["SH390"]), ("0001-01-01", ["SH390"]), ("9998-01-01", [])]
)
def test_a_calendar_that_is_over_is_told(call: Call, until: str, expected: list[str]) -> None:
    """By the clock of whoever checks: nobody is to believe that an entry still holds something back."""
    found = call("check", RULES, "--policy", "-", "--format", "json", text=CALENDAR.format(until).encode())
    assert (0, expected) == (found.code, [one["code"] for one in found.objects])
    strict = call("check", RULES, "--policy", "-", "--strict", text=CALENDAR.format(until).encode())
    assert len(expected) == strict.code


@pytest.mark.parametrize(("hour", "expected"), [(3, 0), (4, 1)])
def test_a_calendar_is_over_with_its_last_night(hour: int, expected: int) -> None:
    """A window that begins on the last of its days is held to its end, whatever days come after."""
    policy = read_policy(Source("p.yaml", CALENDAR.format("2026-01-03")))
    late = read_policy(Source("p.yaml", CALENDAR.format("2026-01-09")))
    assert expected == len(check_calendars(late, datetime(2026, 1, 4, hour, tzinfo=UTC)).findings)
    assert expected == len(check_calendars(policy, datetime(2026, 1, 4, hour, tzinfo=UTC)).findings)
