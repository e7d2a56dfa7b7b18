"""What is wrong with a rule set is said at once: a mistake in one place neither hides nor makes one in another."""

import copy
import json
import os
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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


SOUND = [document for _, text in rule_sets() if _is_sound(document := said(text))]


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
    document = data.draw(st.sampled_from(SOUND))
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
