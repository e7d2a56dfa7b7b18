"""Files, folders, vocabularies and site values: what is loaded, and what is said where that fails."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules.check import load_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.parse import load_vocabulary, parse_rules, parse_vocabulary
from selfheal_rules.parse.vocabulary import shipped_names
from selfheal_rules.source import Source
from selfheal_rules.vocabulary import SELF_KINDS, Field, FieldType

RULES = "selfheal: 1\nruleset: example\nvocabulary: [ours.yaml]\nrules: []\n"
OURS = """
selfheal_vocabulary: 1
vocabulary: ours
types: {ladder: {ordered: [low, high]}}
events: {tick: {doc: It ticks., fields: {level: ladder, tags: {type: {list: string}, origin: a clock}}}}
states: {lamp: {key: [source, name], fields: {name: string}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a rule set and the vocabulary it names."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "ours.yaml").write_text(OURS, "utf-8")
    return tmp_path


def test_a_file_and_its_folder_give_one_rule_set(folder: Path) -> None:
    """A folder stands for the `rules.yaml` in it; vocabularies are looked for beside the file."""
    ruleset = load_rules(folder)
    assert ruleset == load_rules(str(folder / "rules.yaml"))
    assert [*SELF_KINDS.kinds, "tick", "lamp"] == list(ruleset.vocabulary.kinds)


def test_a_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    """Files of editors that put a mark first are read."""
    (folder / "rules.yaml").write_bytes(b"\xef\xbb\xbf" + RULES.encode())
    assert "example" == load_rules(folder).name
    assert "example" == getattr(parse_rules(Source("r", "\ufeff" + RULES), folder=folder)[0], "name", "")


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.yaml", None), ("", None), ("latin.yaml", "ruleset: é".encode("latin-1")), ("a\0b.yaml", None)],
)
def test_what_cannot_be_read_is_a_finding(tmp_path: Path, name: str, content: bytes | None) -> None:
    """A missing file, a folder without rules, a foreign encoding: `RuleSetError` with its finding."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RuleSetError) as caught:
        load_rules(tmp_path / name)
    assert ["SH001"] == [finding.code for finding in caught.value.report.findings]


def test_rules_are_no_name_of_a_file() -> None:
    """Whoever gives the text of rules for their file is told so, whatever the system says of such a name."""
    with pytest.raises(RuleSetError, match="cannot be read: file name too long"):
        load_rules(RULES + "# so long a name no system knows" * 200)


def test_a_rule_set_with_an_error_is_not_loaded(folder: Path) -> None:
    """The exception holds every finding."""
    (folder / "rules.yaml").write_text(RULES + "extra: 1\nmore: 2\n", "utf-8")
    with pytest.raises(RuleSetError) as caught:
        load_rules(folder)
    assert ["SH102", "SH102"] == [finding.code for finding in caught.value.report.findings]


def test_findings_of_a_vocabulary_file_stand_in_that_file(folder: Path) -> None:
    """What is wrong with a vocabulary is said at its own line, and the rule set may speak of what it declares."""
    (folder / "ours.yaml").write_text(OURS.replace("ladder,", "lader,"), "utf-8")
    ruleset, report = parse_rules(Source("rules.yaml", RULES), folder=folder)
    assert ruleset is not None
    assert report.findings == ruleset.faults
    assert {"tick"} == ruleset.lost
    assert [("SH115", str(folder / "ours.yaml"), 5)] == [
        (finding.code, finding.span.source.name, finding.span.line) for finding in report.findings
    ]


def test_kinds_of_two_vocabularies_must_not_clash(folder: Path) -> None:
    """A kind that two vocabularies declare differently is an error; naming one vocabulary twice is none."""
    (folder / "theirs.yaml").write_text(OURS.replace("ours", "theirs"), "utf-8")
    clash = RULES.replace("[ours.yaml]", "[ours.yaml, theirs.yaml]")
    assert ["SH109", "SH109"] == [
        finding.code for finding in parse_rules(Source("r", clash), folder=folder)[1].findings
    ]
    twice = RULES.replace("[ours.yaml]", "[openstack, openstack]")
    assert () == parse_rules(Source("r", twice))[1].findings


def test_a_vocabulary_says_what_its_fields_hold() -> None:
    """Short and long forms of fields, named types and keys."""
    vocabulary, report = parse_vocabulary(Source("ours.yaml", OURS))
    assert () == report.findings
    assert vocabulary is not None
    tick, lamp = vocabulary.kinds["tick"], vocabulary.kinds["lamp"]
    ladder = FieldType("ordered", ("low", "high"))
    assert ("tick", "event", "It ticks.", ()) == (tick.name, tick.form, tick.doc, tick.key)
    assert Field("level", ladder) == tick.fields["level"]
    assert Field("tags", FieldType("list", element=FieldType("string")), origin="a clock") == tick.fields["tags"]
    assert (("source", "name"), True) == (lamp.key, lamp.fields["name"].required)
    assert {"ladder": ladder} == vocabulary.types
    assert [5, 6] == [tick.span.line, lamp.span.line]


def test_types_of_a_vocabulary_are_those_of_its_rule_set(folder: Path) -> None:
    """Kinds and parameters of a rule set use the named types of its vocabularies."""
    text = RULES + "events: {tock: {fields: {level: ladder}}}\nparams: {least: {type: ladder, default: high}}\n"
    ruleset, report = parse_rules(Source("r", text), folder=folder)
    assert () == report.findings
    assert ruleset is not None
    assert (
        ruleset.vocabulary.kinds["tick"].fields["level"].type == ruleset.vocabulary.kinds["tock"].fields["level"].type
    )


@pytest.mark.parametrize(
    "text", ["", "selfheal_vocabulary: 2\nvocabulary: x\n", "vocabulary: x\n", "[]", OURS + "doc: [5]\n"]
)
def test_what_is_no_vocabulary_gives_none(text: str) -> None:
    """A text with an error gives no vocabulary, and says why."""
    vocabulary, report = parse_vocabulary(Source("v.yaml", text))
    assert vocabulary is None
    assert report.errors


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_vocabularies_are_sound_and_shared(name: str) -> None:
    """Each shipped vocabulary loads, and all who name it share its kinds."""
    assert load_vocabulary(name) is load_vocabulary(name)
    assert SELF_KINDS.kinds.items() <= load_vocabulary(name).kinds.items()


def test_vocabularies_are_loaded_by_name_or_file(folder: Path) -> None:
    """A word is a shipped name, anything with a dot or slash a file; what is not there is a finding."""
    assert "ours" == load_vocabulary(folder / "ours.yaml").name
    for name, code in (("no_such", "SH114"), (str(folder / "gone.yaml"), "SH001")):
        with pytest.raises(RuleSetError) as caught:
            load_vocabulary(name)
        assert [code] == [finding.code for finding in caught.value.report.findings]


PARAMS = "selfheal: 1\nruleset: r\nparams: {n: {type: number, default: 1}, w: {type: duration}}\nrules: []\n"


def test_site_values_stand_before_defaults() -> None:
    """The site may set a parameter; what it sets is frozen."""
    ruleset, report = parse_rules(Source("r", PARAMS), values={"n": 2, "w": timedelta(minutes=5)})
    assert () == report.findings
    assert ruleset is not None
    assert {"n": 2, "w": timedelta(minutes=5)} == ruleset.values
    ruleset, _ = parse_rules(Source("r", PARAMS), values={"n": [datetime(2026, 1, 1, tzinfo=UTC)]})
    assert ruleset is not None
    assert {"n": (datetime(2026, 1, 1, tzinfo=UTC),)} == ruleset.values


@pytest.mark.parametrize(("values", "code"), [({"m": 1}, "SH118"), ({"n": object()}, "SH117"), ({"n": 1e999}, "SH117")])
def test_site_values_that_cannot_be(values: dict[str, object], code: str) -> None:
    """An unknown name and a foreign value are findings."""
    _, report = parse_rules(Source("r", PARAMS), values=values)
    assert [code] == [finding.code for finding in report.findings]


def test_the_yaml_parser_is_loaded_with_the_first_text() -> None:
    """Importing the package loads no PyYAML: what never reads a rule does not pay for it."""
    code = "import selfheal_rules, sys; print('yaml' in sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == child.stdout.strip()
