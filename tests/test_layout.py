"""`selfheal fmt`: one layout for each meaning, with every comment, and nothing lost where something goes wrong."""

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.layout import LayoutError, canonical
from selfheal_rules.layout.order import OPAQUE, ORDER, TABLES
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.conditions import AGGREGATE, COUNT, FORMULA, GROUP, PATTERN, PICK
from selfheal_rules.parse.fields import Keys
from selfheal_rules.parse.params import PARAMETER
from selfheal_rules.parse.ruleset import RULE, RULE_SET
from selfheal_rules.parse.vocabulary import EVENT, FIELD, STATE
from selfheal_rules.source import Source
from tests.calls import GOLDEN, ROOT, RULES, Call, caller
from tests.documents import rule_sets
from tests.everyday import some
from tests.generate.cases import case


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _canonical(text: str) -> str:
    return canonical(Source("rules.yaml", text), folder=ROOT)


def _same(text: str) -> None:
    found = _canonical(text)
    said = parse_rules(Source("rules.yaml", text), folder=ROOT)[0]
    assert said == parse_rules(Source("rules.yaml", found), folder=ROOT)[0]
    assert found == _canonical(found)


RULE_SETS = dict(rule_sets())
SOME = [name for at, name in enumerate(RULE_SETS) if ": " not in name or at % 4 == 0]
"""Every rule set that ships or stands in a page, and some of the fixtures'."""


@pytest.mark.parametrize("name", some(SOME, 12))
def test_the_meaning_stays_and_twice_is_once(name: str) -> None:
    """Rule sets of folders, pages and fixtures mean the same afterwards and stay so; what cannot be read is refused."""
    text = RULE_SETS[name]
    if parse_rules(Source("rules.yaml", text), folder=ROOT)[1].errors:
        with pytest.raises(LayoutError):
            _canonical(text)
    else:
        _same(text)


@settings(max_examples=4)
@given(st.integers(0, 100_000))
def test_generated_rule_sets_stay_the_same(seed: int) -> None:
    """So do those of the differential test."""
    for text in case(seed).texts:
        _same(text)


@settings(max_examples=12)
@given(st.sampled_from(sorted(RULE_SETS)), st.data())
def test_no_comment_is_lost(name: str, data: st.DataObject) -> None:
    """Wherever one is put, it is there afterwards, or the file is refused."""
    lines = RULE_SETS[name].splitlines()
    at = data.draw(st.integers(0, len(lines)))
    indent = data.draw(st.sampled_from([0, 2, 6]))
    text = "\n".join([*lines[:at], " " * indent + "# put here", *lines[at:]]) + "\n"
    if parse_rules(Source("rules.yaml", text), folder=ROOT)[1].errors:
        return
    try:
        found = _canonical(text)
    except LayoutError:
        return
    assert found.count("# put here") == text.count("# put here")
    assert found == _canonical(found)


@pytest.mark.whole
def test_the_shipped_rules_are_laid_out_so(call: Call) -> None:
    """What ships is what `fmt` writes."""
    assert (0, "", "") == ((found := call("fmt", "rulesets", "--check")).code, found.out, found.err)


def test_a_rule_set_of_many_habits_is_written_in_one() -> None:
    """Keys in order, their comments with them; two spaces a level; no quotes that say nothing."""
    before, after = (GOLDEN / "fmt-before.yaml").read_text("utf-8"), (GOLDEN / "fmt-after.yaml").read_text("utf-8")
    assert after == _canonical(before)


def test_every_key_has_its_place() -> None:
    """A new key of the language needs one here."""
    readers = (RULE_SET, RULE, PATTERN, GROUP, FORMULA, COUNT, AGGREGATE, PICK, PARAMETER, EVENT, STATE, FIELD)
    known = {name for keys in readers if isinstance(keys, Keys) for name in (*keys.required, *keys.optional)}
    assert set() == known - {*ORDER, *OPAQUE, *TABLES}
    assert len(ORDER) == len(set(ORDER))


def test_files_with_errors_are_left_alone(call: Call, tmp_path: Path) -> None:
    """They are named with what is wrong, the others are written, and it ends with 3."""
    (tmp_path / "bad.yaml").write_text("selfheal: 1\nrules: [\n", "utf-8")
    (tmp_path / "good.yaml").write_text("ruleset: a\nselfheal: 1\nrules: []\n", "utf-8")
    found = call("fmt", tmp_path / "bad.yaml", tmp_path / "good.yaml", tmp_path / "none.yaml")
    assert 3 == found.code
    assert "SH002" in found.err
    assert "none.yaml` cannot be read" in found.err
    assert "selfheal: 1\nrules: [\n" == (tmp_path / "bad.yaml").read_text("utf-8")
    assert "selfheal: 1\nruleset: a\nrules: []\n" == (tmp_path / "good.yaml").read_text("utf-8")


def test_check_and_diff_write_nothing(call: Call, tmp_path: Path) -> None:
    """Both end with 1 where something would change, and with 0 afterwards."""
    file = tmp_path / "rules.yaml"
    file.write_text("ruleset: a\nselfheal: 1\nrules: []\n", "utf-8")
    checked, shown = call("fmt", file, "--check"), call("fmt", tmp_path, "--diff")
    assert (1, f"{file} would be written anew\n") == (checked.code, checked.out)
    assert (1, ["+selfheal: 1", " ruleset: a", "-selfheal: 1"]) == (shown.code, shown.out.splitlines()[3:6])
    assert file.read_text("utf-8").startswith("ruleset")
    assert (0, f"{file} was written anew\n") == ((found := call("fmt", file)).code, found.out)
    assert (0, "") == ((found := call("fmt", file, "--check")).code, found.out)


def test_modes_and_links_stay(call: Call, tmp_path: Path) -> None:
    """The file behind a link is written, with the mode it had; nothing else is left in its folder."""
    file, link = tmp_path / "rules.yaml", tmp_path / "link.yaml"
    file.write_text("ruleset: a\nselfheal: 1\nrules: []\n", "utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    assert 0 == call("fmt", link).code
    assert (0o640, True) == (stat.S_IMODE(file.stat().st_mode), link.is_symlink())
    assert ["link.yaml", "rules.yaml"] == sorted(one.name for one in tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_file(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written beside the file first; where the disk is full, that is taken away again."""
    file = tmp_path / "rules.yaml"
    file.write_text("ruleset: a\nselfheal: 1\nrules: []\n", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = call("fmt", file)
    assert (3, "") == (found.code, found.out)
    assert "no space left on device" in found.err
    assert ["rules.yaml"] == [one.name for one in tmp_path.iterdir()]
    assert file.read_text("utf-8").startswith("ruleset")


def test_standard_input_goes_to_standard_output(call: Call) -> None:
    """As editors want it."""
    found = call("fmt", "-", text=b"ruleset: a\nselfheal: 1\nrules: []\n")
    assert (0, "selfheal: 1\nruleset: a\nrules: []\n") == (found.code, found.out)
    assert 3 == call("fmt", "-", text=None).code


def test_without_the_library_it_says_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.delitem(sys.modules, "selfheal_rules.layout.style", raising=False)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    found = call("fmt", RULES, "--check")
    assert 3 == found.code
    assert "install `selfheal-rules[cli]`" in found.err


def test_a_layout_that_would_lose_something_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is read again: the meaning and every comment have to be there."""
    text = "selfheal: 1\nruleset: a  # why\nrules: []\n"
    for wrong in ("selfheal: 1\nruleset: a\nrules: []\n", "selfheal: 1\nruleset: b  # why\nrules: []\n"):
        monkeypatch.setattr("selfheal_rules.layout.style.styled", lambda _, wrong=wrong: wrong)
        with pytest.raises(LayoutError, match="without losing"):
            _canonical(text)


ODD = """\
selfheal: 1
ruleset: odd
params:
  p: {default: null, type: string}
rules:
  -
    # first of all
    then: [{do: noop}]
    # why
    id: a
    when: {
      event: host.lost,
      as: x,
    }
  - {id: b, when: {state: alarm, as: a,
      where: {name: $params.p}}, then: [{do: noop}], doc: ""}
vocabulary:
- openstack
"""


def test_odd_ways_of_writing_are_put_right() -> None:
    """A dash on its own line, braces over several lines, a list that is not set in, a null."""
    found = _canonical(ODD)
    _same(ODD)
    assert "default: null" in found
    assert found.index("# first of all") < found.index("# why") < found.index("id: a") < found.index("then:")
    assert "{as: a, state: alarm, where: {name: $params.p}}" in found


def test_a_comment_inside_braces_leaves_the_file_as_it_is() -> None:
    """It has no place of its own there, and is not lost."""
    with pytest.raises(LayoutError, match="without losing a comment"):
        _canonical(ODD.replace("event: host.lost,", "event: host.lost,  # all of them"))


ENDS = """\
rules:
  - then: [{do: notify, target: $h.host}]
    # above when
    when:
      event: hot

      as: h
      # the end of when
    id: a
    # the end of a

  # above b
  - id: b
    when: {as: h, event: hot}
    then: [{do: notify, target: $h.host}]
    # the end of b
# above ruleset
ruleset: one
events: {hot: {fields: {host: {type: string, required: true}}}}
selfheal: 1
"""
WRITTEN = """\
selfheal: 1
# above ruleset
ruleset: one
events: {hot: {fields: {host: {type: string, required: true}}}}
rules:
  - id: a
    # above when
    when:
      as: h

      event: hot
      # the end of when
    then: [{do: notify, target: $h.host}]
    # the end of a

  # above b
  - id: b
    when: {as: h, event: hot}
    then: [{do: notify, target: $h.host}]
    # the end of b
"""


def test_a_comment_at_the_end_stays_there() -> None:
    """What is set in further than the key below it is of what stands above, and no empty line comes to begin a part."""
    assert WRITTEN == _canonical(ENDS)
    assert WRITTEN == _canonical(WRITTEN)
    doubled = (" " * (len(line) - len(line.lstrip(" "))) + line for line in WRITTEN.splitlines(keepends=True))
    wide = "".join(line.replace("- id", "-   id") for line in doubled)
    assert WRITTEN == _canonical(wide)


def test_lines_end_as_they_did(call: Call, tmp_path: Path) -> None:
    """A file of Windows stays one, on disk as well, and is laid out once."""
    (file := tmp_path / "rules.yaml").write_bytes(ENDS.replace("\n", "\r\n").encode())
    assert 0 == call("fmt", file).code
    assert WRITTEN.replace("\n", "\r\n").encode() == file.read_bytes()
    assert 0 == call("fmt", "--check", file).code
