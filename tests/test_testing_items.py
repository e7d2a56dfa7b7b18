"""What tests give an engine: items by their kinds, raw payloads, payloads of sources of one's own."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.events import Event, State
from selfheal_rules.testing.cases import Suite
from selfheal_rules.testing.verdicts import judge
from tests.payloads import raw
from tests.suites import RULES, said, suite_of

TYPED = """
selfheal: 1
ruleset: typed
vocabulary: [openstack]
events:
  seen:
    fields:
      when: time
      lasts: duration
      whens: {list: time}
      lasting: {map: duration}
      plain: {list: string}
rules:
  - {id: r, when: {as: s, event: seen}, then: [{do: noop}]}
"""
MAPPING = """
selfheal_mapping: 1
mapping: acme
vocabulary: [openstack]
recognise: {payload.vendor: ACME}
source: acme
time: {from: $payload.sent, read: milliseconds}
items:
  - {event: host.lost, fields: {host: $payload.node, recoverable: true}}
"""
LOST = {
    "specversion": "1.0",
    "id": "1",
    "source": "x",
    "type": "host.lost",
    "data": {"host": "c1", "recoverable": True},
}


def _suite(folder: Path, *posted: str, head: str = "", t: str = "1h") -> Suite:
    lines = "".join(f"          - {one}\n" for one in posted)
    return suite_of(folder, f"  - name: example\n    steps:\n      - t: {t}\n        post:\n{lines}", TYPED, head)


def _items(suite: Suite) -> list[object]:
    return [one.given for one in suite.cases[0].steps[0].inputs]


def test_values_are_read_as_their_kind_has_them(tmp_path: Path) -> None:
    """Times and durations are texts, inside lists and maps, too; `$$` is a `$`; an id and a source may be said."""
    posted = (
        "{event: seen, id: e1, source: s1, with: {when: 2026-01-01T00:00:00Z, lasts: 90s,"
        " whens: [2026-01-02T00:00:00+01:00], lasting: {a: 1m}, plain: [$$x]}}"
    )
    day = datetime(2026, 1, 1, tzinfo=UTC)
    (event,) = _items(_suite(tmp_path, posted))
    assert Event(
        "e1", "seen", "s1", day + timedelta(hours=1),
        {"when": day, "lasts": timedelta(seconds=90), "whens": (day + timedelta(hours=23),),
         "lasting": {"a": timedelta(minutes=1)}, "plain": ("$x",)},
    ) == event  # fmt: skip


def test_a_field_beside_the_words_is_told_its_place(tmp_path: Path) -> None:
    """It is no misspelt word, however like one it looks: in a step, and in an item of `post`."""
    rules = TYPED.replace("      when: time\n", "      port: integer\n")
    for step in ("t: 1h, event: seen, port: 7", "t: 1h, post: [{event: seen, port: 7}]"):
        with pytest.raises(RuleSetError) as refused:
            suite_of(tmp_path, f"  - name: example\n    steps:\n      - {{{step}}}\n", rules)
        assert ["SH102"] == [one.code for one in refused.value.report.errors]
        assert "fields stand under `with`: write `with: {port: …}`" in str(refused.value)


def test_ids_are_counted_and_sources_named(tmp_path: Path) -> None:
    """What says neither has an id of its own and the source `test`; a state that is cleared needs its key alone."""
    event, other, state = _items(
        _suite(tmp_path, "{event: seen}", "{event: seen}", "{state: node, with: {node: n}, cleared: true}")
    )
    assert isinstance(event, Event)
    assert isinstance(other, Event)
    assert [("test-1", "test"), ("test-2", "test")] == [(event.id, event.source), (other.id, other.source)]
    assert isinstance(state, State)
    assert ("test", True) == (state.source, state.cleared)


def test_payloads_happen_at_their_step_or_when_they_say(tmp_path: Path) -> None:
    """A file or a value is normalized; its items have the time of the step, or with `at: own` their own."""
    written = json.dumps({**LOST, "time": "2026-01-01T00:10:00Z"})
    (tmp_path / "one.json").write_text(written, "utf-8")
    (tmp_path / "all.jsonl").write_text(f"{written}\n\n{json.dumps({'specversion': '1.0'})[:-1]}\n", "utf-8")
    suite = _suite(tmp_path, "{payload: one.json}", "{payload: one.json, at: own}", f"{{payload: {written}, at: 5m}}")
    assert [60, 10, 5] == [item.time.minute or 60 for item in _items(suite) if isinstance(item, Event)]
    assert [60, 10, 60] == [round(one.at.total_seconds() / 60) for one in suite.cases[0].steps[0].inputs]
    with pytest.raises(RuleSetError, match="line 3: not JSON"):
        _suite(tmp_path, "{payload: all.jsonl}")
    (tmp_path / "all.jsonl").write_text(f"{written}\n{json.dumps({'a': 1})}\n{json.dumps([LOST])}\n", "utf-8")
    with pytest.raises(RuleSetError, match="line 3: `time` is missing"):
        _suite(tmp_path, "{payload: all.jsonl}")
    (tmp_path / "all.jsonl").write_text(f"{written}\n{json.dumps({'a': 1})}\n", "utf-8")
    assert 1 == len(_items(_suite(tmp_path, "{payload: all.jsonl}")))


def test_a_payload_that_says_no_time_has_that_of_its_step(tmp_path: Path) -> None:
    """What a source does not say is when it was received: then."""
    (item,) = _items(_suite(tmp_path, f"{{payload: {json.dumps(LOST)}}}"))
    assert isinstance(item, Event)
    assert datetime(2026, 1, 1, 1, tzinfo=UTC) == item.time


def test_sources_of_ones_own_are_read_by_their_mappings(tmp_path: Path) -> None:
    """`mappings` are asked first; one that cannot be used is said with its own findings."""
    (tmp_path / "acme.yaml").write_text(MAPPING, "utf-8")
    payload = "{payload: {vendor: ACME, node: c1, sent: 1764086400123, note: $$5}}"
    (item,) = _items(_suite(tmp_path, payload, head="mappings: [acme.yaml]\n"))
    assert isinstance(item, Event)
    assert ("host.lost", "acme", "c1") == (item.kind, item.source, item.fields["host"])
    (tmp_path / "acme.yaml").write_text(MAPPING.replace("host.lost", "host.lots"), "utf-8")
    with pytest.raises(RuleSetError, match=r"acme\.yaml:\d+:\d+: error"):
        _suite(tmp_path, payload, head="mappings: [acme.yaml]\n")


def test_kinds_no_rule_set_knows_are_left_out_of_a_payload(tmp_path: Path) -> None:
    """Of what a cloud sent the kinds count that the rule sets know; there has to be one, and it has to fit."""
    firing, _ = raw("alertmanager/webhook.firing.1")
    found = _items(_suite(tmp_path, f"{{payload: {json.dumps(firing)}}}"))
    assert ["alarm", "alias"] == sorted({one.kind for one in found if isinstance(one, State)})
    posted = "  - {{name: one, steps: [{{t: 0s, payload: {}, expect: []}}]}}\n"
    with pytest.raises(RuleSetError, match=r"SH415.*`alarm` has no field"):
        suite_of(tmp_path, posted.format(json.dumps(firing)))
    enrolled, _ = raw("ironic/versioned.baremetal.node.create.end")
    with pytest.raises(RuleSetError, match=r"SH415.*which no rule set has a use for"):
        suite_of(tmp_path, posted.format(json.dumps(enrolled)))


def test_rule_sets_that_cannot_run_together_are_refused(tmp_path: Path) -> None:
    """Two rule sets of one name, each sound by itself, are an error of the file that names them."""
    (tmp_path / "other.yaml").write_text(RULES, "utf-8")
    with pytest.raises(RuleSetError, match="SH331"):
        suite_of(tmp_path, "  - {name: one, steps: [{t: 0s, expect: []}]}\n", head="rulesets: [., other.yaml]\n")


def test_a_policy_file_is_checked_by_itself_and_beside_the_rules(tmp_path: Path) -> None:
    """A file of a policy with a mistake in it, and one that does not fit, are refused with their findings."""
    case = "  - {name: one, policy: site.yaml, steps: [{t: 0s, event: lost, with: {host: c}, expect: [{by: mode}]}]}\n"
    sound = "selfheal_policy: 1\npolicy: site\nmode: enforce\nautonomy: [{grade: auto}]\n"
    (tmp_path / "site.yaml").write_text(sound, "utf-8")
    assert [] == said(judge(suite_of(tmp_path, case).cases[0]))
    for wrong, code in (("moed: x\n", "SH102"), ("topology: [{state: nothing, within: [az]}]\n", "SH350")):
        (tmp_path / "site.yaml").write_text(sound + wrong, "utf-8")
        with pytest.raises(RuleSetError, match=rf"site\.yaml:5.*{code}"):
            suite_of(tmp_path, case)
