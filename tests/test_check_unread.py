"""What is wrong with a rule set is said at once: a mistake in one place neither hides nor makes one in another."""

import copy
import json
import os
import pickle
import re
from functools import cache
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

import selfheal_rules as sr
from selfheal_rules.check import check_rules
from selfheal_rules.diagnostics import Report
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.calls import Call, caller
from tests.chunks import DATA
from tests.documents import Document, Place, places, rule_sets, said


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _found(document: Document) -> tuple[Report, Report | None]:
    """Give what reading and what checking finds; no report of checks where there is nothing to check."""
    ruleset, read = parse_rules(Source("rules.yaml", json.dumps(document)))
    return read, check_rules(ruleset) if ruleset else None


def _is_sound(document: Document) -> bool:
    read, checked = _found(document)
    return checked is not None and not (read.findings or checked.errors)


@cache
def _sound() -> list[Document]:
    """Give those without an error; not at import, or every worker checks them all as it collects."""
    return [document for _, text in rule_sets() if _is_sound(document := said(text))]


def _damaged(document: Document, place: Place, damage: Document) -> Document:
    """Give a document with a value exchanged; or, where the damage is a text, with a key that ends in it."""
    found = copy.deepcopy(document)
    around = found
    for name in place[:-1]:
        around = around[name]
    if isinstance(damage, str) and isinstance(around, dict):
        entries = {f"{name}{damage}" if name == place[-1] else name: inner for name, inner in around.items()}
        around.clear()
        around.update(entries)
    else:
        around[place[-1]] = damage
    return found


def _said(report: Report | None) -> set[tuple[str, str]]:
    """Give what was found but that a rule adds nothing, which depends on what other rules there are."""
    return {(one.code, one.message) for one in report.findings if one.code != "SH403"} if report else set()


@given(st.data())
def test_nothing_follows_from_what_could_not_be_read(data: st.DataObject) -> None:
    """A key misspelt, or a value of another shape, is said as it is read, and the checks hold it against nothing."""
    document = data.draw(st.sampled_from(_sound()))
    place = data.draw(st.sampled_from([place for place in places(document) if place[0] != "metadata"]))
    damage: Document = data.draw(st.sampled_from(["x", 5, None, []]))
    read, checked = _found(_damaged(document, place, damage))
    assume(read.findings)
    assert _said(checked) <= _said(_found(document)[1])


def test_all_mistakes_are_said_at_once(call: Call) -> None:
    """Reading and checking tell all of it in one go, each once, however broken a rule; `UPDATE_GOLDEN=1` writes it."""
    path, golden = DATA / "cli" / "mistakes.yaml", DATA / "cli" / "mistakes.txt"
    text = re.sub(
        r"openstack\.yaml:\d+:\d+", "openstack.yaml", call("check", path).out.replace(str(path.parent), "...")
    )
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text


RULE = "{id: a, when: {as: x, state: mine}, then: [{conclude: yours, with: {host: $x.host}}]}"


@pytest.mark.parametrize(
    "head",
    [
        "states: {mine: {key: [hots], fields: {host: string}}, yours: {key: [host], fields: {host: string}}}",
        "types: {t: {ordred: [a]}}\nstates: {mine: {key: [host], fields: {host: string, t: {list: t}}}, yours: {}}",
        "sates: {mine: {key: [host], fields: {host: string}}, yours: {key: [host], fields: {host: string}}}",
        "mine: {key: [host], fields: {host: string}}",
        "states: [mine, yours]",
        "vocabulary: openstack",
        "vocabulary: [opnstack]",
    ],
)
def test_words_that_could_not_be_read_may_be_right(head: str) -> None:
    """A kind whose declaration has a mistake is not unknown, and rules that speak of it are held against nothing."""
    ruleset, read = parse_rules(Source("rules.yaml", f"selfheal: 1\nruleset: r\n{head}\nrules: [{RULE}]\n"))
    assert read.errors
    assert () == (check_rules(ruleset).findings if ruleset else ())


WRONG = """\
selfheal: 1
ruleset: r
vocabulary: [openstack]
rules:
  - id: a
    when: {as: a, state: alarm, where: {sevrity: {at_leest: critical}, severity: {nott: [critcal, null]}}}
    then: [{do: noop, target: $a.hots}]
  - {id: fine, when: {as: b, state: alarm}, then: [{do: noop, target: $b.host}]}
"""
FOUND = [
    (6, 41, "SH205"), (6, 51, "SH120"), (6, 83, "SH120"), (6, 90, "SH220"), (6, 99, "SH121"), (7, 31, "SH205"),
]  # fmt: skip


def _told(report: Report) -> list[tuple[int, int, str]]:
    return [(one.span.line, one.span.column, one.code) for one in report.findings]


def test_all_that_is_wrong_with_one_leaf_is_said() -> None:
    """A misspelt operator is read as what was meant: its field, its values and the rest of the rule are checked."""
    ruleset, read = parse_rules(Source("rules.yaml", WRONG))
    assert ruleset is not None
    assert FOUND == _told(read + check_rules(ruleset))


def test_a_file_that_is_wrong_is_refused_with_all_that_is_wrong(tmp_path: Path) -> None:
    """Whoever loads it is told what reading and checking find, at once."""
    (tmp_path / "rules.yaml").write_text(WRONG, "utf-8")
    with pytest.raises(sr.RuleSetError) as caught:
        sr.load_rules(tmp_path)
    assert FOUND == _told(caught.value.report)


def test_half_a_file_is_never_run() -> None:
    """Who goes on with a rule set that was read with mistakes is refused: sound rules do not run without the rest."""
    ruleset, _ = parse_rules(Source("rules.yaml", WRONG))
    assert ruleset is not None
    assert ["fine"] == [rule.id for rule in ruleset.rules]
    for wrong in (ruleset, evolve(ruleset, rules=(), unread=()), pickle.loads(pickle.dumps(ruleset))):  # noqa: S301 - our own
        with pytest.raises(sr.RuleSetError) as caught:
            sr.compile_rules(wrong)
        assert {place for place in FOUND if place[2] in {"SH120", "SH121"}} <= set(_told(caught.value.report))


HEADS = {
    "vocabulary: [opnstack]": "SH114",
    "vocabulary: openstack": "SH020",
    "vocabulary: [openstack]\nwords: 5": "SH102",
    "vocabulary: [openstack]\nparams: {p: {type: strng}}": "SH115",
    "vocabulary: [openstack]\nsattes: {mine: {key: [host], fields: {host: string}}}": "SH102",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_mistake_in_the_head_keeps_no_rule_from_being_checked(head: str) -> None:
    """What is known of the words all the same is enough to tell a misspelt field."""
    rules = "rules: [{id: a, when: {as: a, state: alarm}, then: [{do: noop, target: $a.hots}]}]"
    ruleset, read = parse_rules(Source("rules.yaml", f"selfheal: 1\nruleset: r\n{head}\n{rules}\n"))
    assert ruleset is not None
    assert [HEADS[head]] == [one.code for one in read.findings]
    assert ["SH205"] == [one.code for one in check_rules(ruleset).errors]


PAIR = """\
selfheal: 1
ruleset: from-{read}
states: {{s: {{key: [host], fields: {{host: string}}}}, t: {{key: [host], fields: {{host: string}}}}}}
rules:
  - id: from-{read}
    prioriyt: 1
    when: {{as: x, state: {read}}}
    then: [{{conclude: {said}, with: {{host: $x.host}}}}]
"""


def test_rule_sets_with_mistakes_are_held_against_each_other(call: Call, tmp_path: Path) -> None:
    """What two files do to each other is told beside what is wrong with each."""
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for path, read, concluded in zip(paths, "st", "ts", strict=True):
        path.write_text(PAIR.format(read=read, said=concluded), "utf-8")
    told = call("check", *paths, "--format", "json")
    assert ["SH102", "SH102", "SH330"] == sorted(json.loads(line)["code"] for line in told.out.splitlines())
