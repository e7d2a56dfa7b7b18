"""A site's policy: what it may say, what it is refused for, and that its page is true."""

import re
from pathlib import Path

import pytest

from selfheal_rules.check import load_rules
from selfheal_rules.check.policy import check_policy
from selfheal_rules.compile import compile_rules
from selfheal_rules.decide import Control
from selfheal_rules.diagnostics import EventError, RuleSetError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.guard.stages import STAGES
from selfheal_rules.parse import policy as reading
from selfheal_rules.parse.policy import load_policy, parse_policy, read_policy, shielding
from selfheal_rules.source import Source
from selfheal_rules.vocabulary import Vocabulary
from tests.guards.rig import DEAD, DRAIN, FENCED, FREE, LOST, Site, at, load, rule

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHIPPED = compile_rules(load_rules(ROOT / "rulesets" / "compute-host-failure"))


@pytest.mark.parametrize("text", BLOCKS)
def test_every_policy_of_the_page_is_one(text: str) -> None:
    """What the page shows has no finding, by itself and beside the shipped rule set."""
    policy, report = parse_policy(Source("policy.yaml", text))
    assert "no findings" == report.render()
    assert policy is not None
    assert "no findings" == check_policy(policy, SHIPPED.vocabulary, SHIPPED.rulesets, SHIPPED.revisions).render()


@pytest.mark.parametrize("text", [*BLOCKS, (ROOT / "examples" / "policy.yaml").read_text("utf-8")])
def test_what_is_protected_besides_stands_in_the_text(text: str) -> None:
    """A policy with one more protected target is what its text reads as, so that a journal can keep it."""
    policy = read_policy(Source("policy.yaml", text))
    shielded = shielding(policy, "h\u00f6st-9\U0001f525:#'", "the engine runs here")
    assert policy.protecting("h\u00f6st-9\U0001f525:#'", "the engine runs here") == shielded
    assert shielded.source
    assert shielded == read_policy(shielded.source)
    assert shielded == Engine.restore(SHIPPED, Engine(SHIPPED, policy=shielded).snapshot()).policy


def test_what_is_protected_besides_needs_no_text() -> None:
    """A policy that was put together in Python has one more protected target, and still no text."""
    policy = read_policy(Source("p.yaml", FREE)).protecting("h8", "the console")
    shielded = shielding(policy, "h9", "the engine runs here")
    assert (policy.protecting("h9", "the engine runs here"), None) == (shielded, shielded.source)


def test_the_shipped_example_is_one() -> None:
    """The whole example fits the shipped rule set."""
    policy = load_policy(ROOT / "examples" / "policy.yaml")
    assert "no findings" == check_policy(policy, SHIPPED.vocabulary, SHIPPED.rulesets, SHIPPED.revisions).render()
    assert policy == Engine(SHIPPED, policy=policy).policy


def test_the_page_names_every_key() -> None:
    """The keys of the page are those that are read."""
    table = PAGE.split("## Keys")[1].split("\n## ")[0]
    assert sorted(reading.POLICY.known) == sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_the_page_has_the_order_of_guards() -> None:
    """The stages are asked in the order the page says."""
    listed = re.findall(r"`(\w+)`", PAGE.split("is the verdict:")[1].split("Only what")[0])
    assert [stage.name for stage in STAGES] == listed


CALENDAR = (
    "maintenance: [{name: n, targets: [h1], days: [mon], from: '01:00', to: '02:00', until: 9000-01-01, owner: o, "
    "reason: r"
)
WRONG = {
    "mode: live": "SH170",
    "rulesets: [{ruleset: a, mode: on-fire}]": "SH170",
    "rulesets: [{mode: enforce}]": "SH101",
    "autonomy: [{grade: approve, quorum: 0}]": "SH020",
    "autonomy: [{grade: approve, risk: [huge]}]": "SH170",
    "autonomy: [{grade: approve, action: []}]": "SH111",
    "autonomy: [{grade: approve, action: [3]}]": "SH020",
    "protected: [{target: x}]": "SH101",
    "protected: x": "SH020",
    "guards: [limit]": "SH020",
    "guards: [{limit: 2}]": "SH153",
    "guards: [{limit: 2, per: 1m, by: [$a.b]}]": "SH171",
    "observers: [{source: x}]": "SH101",
    "observers: [{failing: 30%}]": "SH153",
    "stand_down: [{target: x}]": "SH110",
    "stand_down: [{event: x, target: x}]": "SH173",
    "stand_down: [{state: x, target: x, for: 1h}]": "SH173",
    "maintenance: [{state: x, target: x, owner: o, reason: r}]": "SH101",
    "maintenance: [{name: n, targets: [x], days: [someday], from: '1', to: '02:00', zone: Mars/Base, until: soon,"
    " owner: o, reason: r}]": "SH170 SH172 SH172 SH172",
    "maintenance: [{name: n, targets: [x], days: [], from: '01:00', to: '02:00', zone: UTC, until: 2027-01-01,"
    " owner: o, reason: r}]": "SH111",
    "autonomy: [{grade: approve, risk: []}]": "SH111",
    "conflicts: [[]]": "SH111",
    "conflicts: [fence]": "SH020",
    "topology: [{state: a b, within: [c]}]": "SH103",
    f"{CALENDAR}, zone: localtime}}]": "SH172",
    "colour: red": "SH102",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_by_its_code(text: str) -> None:
    """Each mistake is found at its place, all of them at once."""
    _, report = parse_policy(Source("policy.yaml", f"selfheal_policy: 1\npolicy: site\n{text}\n"))
    assert WRONG[text].split() == sorted(finding.code for finding in report.findings)


@pytest.mark.parametrize("text", ["", "selfheal_policy: 2\npolicy: site\n", "- a\n"])
def test_a_text_that_is_no_policy_is_none(text: str) -> None:
    """A file of another kind or version is refused."""
    with pytest.raises(RuleSetError):
        read_policy(Source("policy.yaml", text))


def test_a_file_that_is_not_there_is_a_finding() -> None:
    """Nothing is assumed where a policy cannot be read."""
    with pytest.raises(RuleSetError, match="SH001"):
        load_policy("no-such-policy.yaml")


NIGHTLY = CALENDAR.replace(", targets: [h1]", ", zone: UTC")
UNFIT = {
    "topology: [{state: hosts, within: [az]}]": "SH350",
    "topology: [{state: lost, within: [az]}]": "SH350",
    "topology: [{state: host, within: [rack]}]": "SH351",
    "guards: [{limit: 1, per: 1h, by: [rack]}]": "SH353",
    "guards: [{min_healthy: most, of: {state: host}}]": "SH340",
    "guards: [{min_healthy: 1, of: {state: hosts}}]": "SH350",
    "guards: [{min_healthy: 1, of: {state: host, where: {colour: red}}}]": "SH351",
    "guards: [{min_healthy: 1, of: {event: lost}}]": "SH341 SH350",
    "maintenance: [{state: work, target: rack, at_most: 1d, owner: o, reason: r}]": "SH351",
    "stand_down: [{event: touched, target: host, for: 1h}]": "SH350",
    "stand_down: [{event: touch, target: host, for: 0s}]": "SH227",
    "maintenance: [{state: work, target: host, at_most: 0s, owner: o, reason: r}]": "SH227",
    "maintenance: [{state: work, target: host, at_most: 1d, owner: '', reason: ' '}]": "SH111",
    "autonomy: [{grade: approve, for: 0s}]": "SH227",
    "observers: [{source: m, silent: 0s}]": "SH227",
    "guards: [{limit: 2, per: 0s}]": "SH227",
    "protected: [{target: '', reason: r}]": "SH111",
    "rulesets: [{ruleset: site, mode: enforce}, {ruleset: site, mode: shadow}]": "SH109",
    "tell_after: 0s": "SH227",
    "guards: [{limit: 2, per: 1h, action: ''}]": "SH111",
    "autonomy: [{grade: auto, action: [' ']}]": "SH111",
    "guards: [{limit: 2, per: 1h, action: 'compute.disable_service '}]": "SH347",
    "autonomy: [{grade: approve, action: Compute.Fence}]": "SH347",
    "conflicts: [[compute.fense, notify]]": "SH347",
    "protected: [{target: 'h1,h2', reason: r}]": "SH391",
    "protected: [{target: '[h1]', reason: r}]": "SH391",
    "protected: [{target: 'h1 h2', reason: r}]": "SH391",
    "protected: [{target: ALL, reason: r}]": "SH391",
    "topology: [{state: host, within: [az]}]\nprotected: [{target: 'az1,az2', reason: r}]": "SH391",
    f"{NIGHTLY}, targets: [h1, '']}}]": "SH391",
    f"{NIGHTLY}, targets: ['h1;h2']}}]": "SH391",
    "maintenance: [{state: count, target: number, at_most: 1d, owner: o, reason: r}]": "SH394",
    "stand_down: [{state: count, target: flag}]": "SH394",
    "topology: [{state: count, within: [number]}]": "SH394",
    "tell_after: 1ms": "SH396",
    "maintenance: [{state: work, target: host, at_most: 1ms, owner: o, reason: r}]": "SH396",
    "stand_down: [{event: touch, target: host, for: 999ms}]": "SH396",
    "observers: [{source: m, silent: 1ms}]": "SH396",
    "guards: [{limit: 2, per: 1ms}]": "SH396",
    "guards: [{limit: 1, per: 1h, by: [target]}]": "SH397",
    "topology: [{state: host, within: [az]}]\nguards: [{limit: 2, per: 1h, by: [az, target]}]": "SH397",
    "conflicts: [[notify], [notify, notify]]": "SH399",
}

OPEN = "topology: [{state: host, within: [az]}]\nguards: [{limit: 2, per: 1h, by: [az], fails: open}]"
SUSPECT = {
    "protected: [{target: /h1/, reason: r}]": ["SH392 `/h1/`"],
    "protected: [{target: ^ctl, reason: r}]": ["SH392 `^ctl`"],
    'protected: [{target: "\\u200bh1", reason: r}]': ["SH392 `\\u200bh1`"],
    f"{NIGHTLY}, targets: ['host:h2']}}]": ["SH392 `host:h2`"],
    "topology: [{state: host, within: [az]}]\nprotected: [{target: row 3, reason: r}]": ["SH391 `row 3`"],
    "topology: [{state: host, within: [status]}]": ["SH394 `status`"],
    "observers: [{source: alertmanger, silent: 5m}]": ["SH393 `alertmanger`"],
    OPEN: ["SH398 `az`"],
}
"""What may be meant so, and hardly is."""
PLAIN = (
    "protected: [{target: '*', reason: r}, {target: 'ctl-[12]', reason: r}, {target: ' h1 ', reason: r}]",
    "protected: [{target: '[fe80::1]:9100', reason: r}, {target: fa:16:3e:00:00:01, reason: r}]",
    "guards: [{limit: 0, per: 1h, by: [target]}, {cooldown: 1s}]",
    f"{OPEN[:-1]}, {{limit: 9, per: 1h}}]",
    "observers: [{source: 'alert*', silent: 5m}, {source: nova-compute.h1, silent: 5m}]",
    "conflicts: [[notify, notify, compute.fence]]",
)
"""What means what it says."""


@pytest.mark.parametrize("text", [*SUSPECT, *PLAIN])
def test_what_hardly_protects_is_a_warning(text: str) -> None:
    """It is told at its word, and refuses nothing; what means what it says is not told of at all."""
    policy = read_policy(Source("policy.yaml", f"selfheal_policy: 1\npolicy: site\n{text}\n"))
    vocabulary = load(rule(LOST)).vocabulary | Vocabulary("more", sources=SHIPPED.vocabulary.sources)
    report = check_policy(policy, vocabulary)
    words = (re.search("`.*?`", one.message) for one in report.findings)
    assert SUSPECT.get(text, []) == [
        f"{f.code} {word and word[0]}" for f, word in zip(report.findings, words, strict=True)
    ]
    assert not report.errors


@pytest.mark.parametrize("text", UNFIT)
def test_a_policy_of_another_vocabulary_is_refused(text: str) -> None:
    """What a policy names has to be there: an engine does not start with guards that cannot judge."""
    policy = read_policy(Source("policy.yaml", f"selfheal_policy: 1\npolicy: site\n{text}\n"))
    program = compile_rules(load(rule(LOST)))
    with pytest.raises(RuleSetError) as raised:
        Engine(program, policy=policy)
    assert UNFIT[text].split() == sorted({one.code for one in raised.value.report.findings})


@pytest.mark.parametrize(
    "text",
    [
        "autonomy: [{grade: approve, action: compute.fense}]",
        "guards: [{limit: 1, per: 1h, action: [compute.fense]}]",
        "conflicts: [[compute.fense, notify]]",
    ],
)
def test_a_guard_of_an_action_that_is_misspelt_is_told(text: str) -> None:
    """What nobody does is guarded by it, and what is meant is not: a warning, for the action may be the site's own."""
    policy = read_policy(Source("policy.yaml", f"selfheal_policy: 1\npolicy: site\n{text}\n"))
    report = check_policy(policy, SHIPPED.vocabulary)
    assert [("SH347", "did you mean `compute.fence`?")] == [(one.code, one.help) for one in report.findings]
    assert not report.errors


def test_an_action_that_neither_rules_nor_catalogue_have_is_told() -> None:
    """Where the rules are known, an action of the site's own is one of theirs; any other is guarded for nothing."""
    text = "autonomy: [{grade: approve, action: [spin, wipe]}]"
    policy = read_policy(Source("policy.yaml", f"selfheal_policy: 1\npolicy: site\n{text}\n"))
    ruleset = load(rule(then="[{do: spin, target: $e.host}]"))
    (found,) = check_policy(policy, ruleset.vocabulary, [ruleset]).findings
    assert ("SH347", "the catalogue has no action `wipe`, nor do these rules") == (found.code, found.message)
    assert () == check_policy(policy, ruleset.vocabulary).findings


def test_no_rule_says_what_a_thing_is_in() -> None:
    """A rule that took a host out of the zone that is protected would loosen the policy, so it does not even start."""
    moved = rule(DEAD, "[{conclude: host, with: {host: $e.host, az: nowhere}}]", name="moved") + rule()
    Site(moved, FREE + "protected: [{target: az1, reason: r}]\n")
    with pytest.raises(RuleSetError, match="SH358"):
        Site(moved, FREE + "topology: [{state: host, within: [az]}]\nprotected: [{target: az1, reason: r}]\n")


def test_what_may_act_is_guarded_whole() -> None:
    """An action nobody knows is fine in shadow, and is refused where it would be done, unless it has everything."""
    bare = rule(LOST, "[{do: melt, target: $e.host}]")
    Site(bare, FREE.replace("enforce", "shadow"))
    with pytest.raises(RuleSetError) as raised:
        Site(bare)
    assert ["SH343", "SH344", "SH345"] == [one.code for one in raised.value.report.errors]
    limited = FREE + "guards: [{limit: 2, per: 1h, action: melt}]\n"
    with pytest.raises(RuleSetError) as raised:
        Site(bare, limited)
    assert ["SH344", "SH345"] == [one.code for one in raised.value.report.errors]


def test_another_policy_takes_over_at_once() -> None:
    """What was held by the old one is judged by the new one; one that does not fit changes nothing."""
    site = Site(rule(), FREE + "kill_switch: true\n")
    site.state("alarm", 0)
    with pytest.raises(EventError, match="SH350"):
        site.say("policy", 1, FREE + "topology: [{state: hosts, within: [az]}]\n")
    assert site.engine.policy is not None
    assert site.engine.policy.kill_switch
    assert ["disable_service h1 allowed@2"] == site.say("policy", 2, FREE)
    site.restart()
    assert site.engine.policy is not None
    assert not site.engine.policy.kill_switch


def test_budgets_outlive_a_policy() -> None:
    """What was spent stays spent, by what it goes by, whatever the policy says now."""
    limited = FREE + "guards: [{limit: 1, per: 1h}]\n"
    site = Site(rule(), limited)
    site.state("alarm", 0)
    site.say("policy", 1, limited.replace("policy: site", "policy: changed"))
    assert ["disable_service h2 held:limit@2"] == site.state("alarm", 2, "h2")
    assert ["disable_service h2 allowed@3"] == site.say("policy", 3, limited.replace("limit: 1,", "limit: 2,"))


def test_a_policy_without_text_is_given_again() -> None:
    """A snapshot under a policy that was put together in Python says so, and goes on under it when it is given."""
    program = compile_rules(load(rule(LOST)))
    policy = read_policy(Source("p.yaml", FREE)).protecting("h9", "the engine runs here")
    blob = Engine(program, policy=policy).snapshot()
    with pytest.raises(SnapshotError, match="has no text"):
        Engine.restore(program, blob)
    assert policy == Engine.restore(program, blob, policy=policy).policy


def test_a_control_that_changes_nothing_says_so() -> None:
    """A resume of what is not paused, an approval of what nobody asked for: `unmatched`."""
    engine = Engine(compile_rules(load(rule(LOST))))
    for act, subject in (("resume", ""), ("resume", "target:h1"), ("approve", "no-such-decision"), ("release", "h1")):
        assert "unmatched" == engine.post(Control(act, "ann", "why", at(0), subject)).disposition  # type: ignore[arg-type]
    assert "matched" == engine.post(Control("kill", "ann", "why", at(0))).disposition


def test_no_refusal_is_without_its_reason() -> None:
    """Every verdict names its guard and says why."""
    site = Site(rule(LOST, f"[{FENCED}]", "{limit: 1, per: 1h}", more=_OUTCOME) + rule(LOST, DRAIN, name="other"))
    for second in range(5):
        site.event("lost", second, f"h{second % 2}")
    assert all(one.verdict.guard and one.verdict.reason for one in site.decisions)


_OUTCOME = "outcome: {healthy: {none: [{state: alarm, where: {host: $e.host}}]}, within: 10m}"
