"""What lint claims of rules holds in the engine: witnesses make rules fire, and what is needless can be left out."""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
from attrs import frozen

from selfheal_rules.check import check_rules
from selfheal_rules.check.meeting import is_impossible
from selfheal_rules.check.subject import Subject
from selfheal_rules.compile import compile_rules
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.engine import Engine
from selfheal_rules.model import Rule, RuleSet
from selfheal_rules.normalize import Reading, read_items
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source
from tests.chunks import read_chunks
from tests.engines import native
from tests.generate.cases import case
from tests.generate.conditions import condition
from tests.generate.rules import Json, Maker, dump, leaf
from tests.generate.streams import Advance, Answer
from tests.reference.episodes import Decided

SEEDS = range(50)
LONG = timedelta(hours=1)


def _load(text: str) -> RuleSet:
    found, report = parse_rules(Source("rules.yaml", text))
    assert found is not None, report.render()
    return found


def _rule_at(rules: RuleSet, line: int) -> Rule:
    return next(rule for rule in rules.rules if rule.span.line <= line <= rule.span.end_line)


def _fired(rules: RuleSet, finding: Diagnostic) -> set[str]:
    """Post the witness as the finding shows it, let time pass, and give the rules that decided something."""
    engine = Engine(compile_rules(rules))
    decided = []
    for read in read_items(finding.witness, vocabulary=engine.program.vocabulary):
        assert isinstance(read, Reading), read
        decided += [decision.rule for decision in engine.post(read.item)]
    now = engine.now
    assert now is not None
    return {*decided, *(decision.rule for decision in engine.advance(now + LONG))}


def _patterns(condition: Json) -> Iterator[Json]:
    """Give the patterns of a written condition that are waited for."""
    if "event" in condition or "state" in condition:
        yield condition
    for word in ("all", "any", "sequence"):
        for item in condition.get(word, ()):
            yield from _patterns(item)


def _varied(maker: Maker, rule: Json, name: str) -> Json:
    """Give a rule that is like another but for some leaves."""
    found = copy.deepcopy(rule)
    found["id"] = name
    for pattern in _patterns(found["when"]):
        kind = pattern.get("event", pattern.get("state"))
        where = pattern.setdefault("where", {})
        if isinstance(kind, list) or maker.yes(0.3):
            continue
        if where and maker.yes(0.5):
            where.pop(maker.pick(sorted(where)))
        elif "host" not in where:
            where[maker.pick(("host", "n", "note"))] = leaf(maker, maker.pick(("host",)), [])
        where = {path: held for path, held in where.items() if path != "note" or isinstance(held, str)}
        if maker.yes(0.5):
            where["n"] = {maker.pick(("at_least", "more_than", "at_most")): maker.between(0, 2)}
        if maker.yes(0.3):
            where["note"] = maker.pick(({"starts_with": "disk"}, {"glob": "disk *"}, {"contains": "full"}))
        pattern["where"] = {path: held for path, held in where.items() if path != "note" or not _is_host(held)}
    return found


def _is_host(held: Any) -> bool:  # noqa: ANN401 - any leaf
    return held in ("a", "b", "c") or isinstance(held, list)


def _doing(maker: Maker, name: str) -> Json:
    while True:
        maker.aliases, maker.rule = 0, name
        when, known = condition(maker)
        hosts = [f"${one.alias}.host" for one in known if "host" in one.fields]
        if hosts:
            return {"id": name, "when": when, "then": [{"do": "noop", "target": maker.pick(hosts)}]}


@frozen
class Claims:
    """Rules that are alike, what lint says of them, and what an engine decided over a stream."""

    rules: RuleSet
    findings: tuple[Diagnostic, ...]
    decided: tuple[Decided, ...]


@cache
def _claims(seed: int) -> Claims:
    """Give rules of a seed in which each stands with some that are like it."""
    maker = Maker(Random(seed).randrange)
    first = [_doing(maker, f"rule{number}") for number in range(2)]
    written = [one for rule in first for one in (rule, *(_varied(maker, rule, f"{rule['id']}{x}") for x in "xyz"))]
    sound = [one for one in written if not check_rules(_load(dump("alike", [one]))).errors]
    rules = _load(dump("alike", sound))
    return Claims(rules, check_rules(rules).findings, tuple(_decided(rules, seed)) if sound else ())


def _decided(rules: RuleSet, seed: int) -> list[Decided]:
    engine = native(rules, max_age=timedelta(minutes=10))
    for item in case(seed).items:
        if not isinstance(item, Answer):
            engine.take(item)
    engine.take(Advance(engine.engine.now or case(seed).items[0].time))
    return engine.decisions


def _of(code: str) -> Iterator[tuple[Claims, Diagnostic]]:
    for claims in map(_claims, SEEDS):
        yield from ((claims, finding) for finding in claims.findings if finding.code == code)


LINT = [chunk for chunk in read_chunks("check") if chunk.name.startswith(("lint", "reach"))]


@pytest.mark.whole
def test_every_witness_makes_both_rules_fire() -> None:
    """Posted as it is shown, it makes the rule that is found and the rule beside it decide something."""
    tried = 0
    for claims, finding in (*_of("SH403"), *_of("SH362")):
        if finding.witness:
            both = {_rule_at(claims.rules, span.line).id for span in (finding.span, *finding.related)}
            assert both <= _fired(claims.rules, finding), finding.render()
            tried += 1
    assert tried >= 20


@pytest.mark.parametrize("chunk", LINT, ids=str)
def test_the_witnesses_of_the_fixtures_make_both_rules_fire(chunk: Any) -> None:  # noqa: ANN401 - a chunk
    """The same, and each finding of these codes in the fixtures has a witness."""
    rules = _load(chunk.source.text)
    report = check_rules(rules)
    for finding in report.findings:
        if finding.code in {"SH403", "SH362"} and not report.errors:
            assert bool(finding.witness) == ("no witness" not in str(chunk)), finding.render()
        if finding.witness and not report.errors:
            both = {_rule_at(rules, span.line).id for span in (finding.span, *finding.related)}
            assert both <= _fired(rules, finding), finding.render()


def test_as_a_storm_ebbs_the_rule_acts_on_all_that_are_left() -> None:
    """The witness of SH427 decides nothing up to its last line, the end of one, and then for each of the others."""
    rules = _load(next(chunk for chunk in LINT if chunk.name == "lint: storms that ebb").source.text)
    tried = 0
    for finding in check_rules(rules).findings:
        engine, rule = Engine(compile_rules(rules)), _rule_at(rules, finding.span.line).id
        told = [
            sorted(str(one.target) for one in engine.post(read.item) if one.rule == rule)
            for read in read_items(finding.witness, vocabulary=engine.program.vocabulary)
            if isinstance(read, Reading)
        ]
        assert [[]] * 3 == told[:-1]
        assert 2 == len(dict.fromkeys(told[-1]))
        tried += 1
    assert tried == 3


def test_a_shadowed_rule_never_decides_alone() -> None:
    """Over random streams the other rule decides for the same key at every instant at which the shadowed one does."""
    counted = 0
    for claims, finding in _of("SH403"):
        narrow, wide = (_rule_at(claims.rules, span.line).id for span in (finding.span, finding.related[0]))
        told = {name: {(one.key, one.at) for one in claims.decided if one.rule == name} for name in (narrow, wide)}
        assert set() == told[narrow] - told[wide], finding.render()
        counted += len(told[narrow])
    assert counted >= 15


def test_what_never_holds_never_fires() -> None:
    """Over random streams no rule decides whose leaves or joins contradict each other."""
    never = 0
    for claims in map(_claims, SEEDS):
        subject = Subject.of(claims.rules)
        dead = {view.rule.id for view in subject.rules if is_impossible(view, subject)}
        assert [] == [one.rule for one in claims.decided if one.rule in dead]
        never += len(dead)
    assert never >= 3


def test_a_needless_leaf_can_be_left_out() -> None:
    """Without it the rules decide the same over random streams."""
    tried = 0
    for number, seed in enumerate(SEEDS):
        maker = Maker(Random(seed).randrange)
        rule = _doing(maker, "r")
        pattern = next(_patterns(rule["when"]))
        if set(pattern) & {"count", "aggregate", "pick"} or isinstance(pattern.get("event"), list):
            continue
        low, high = sorted((maker.between(0, 3), maker.between(0, 3)))
        kept, extra = {"at_least": high}, {"more_than": low - 1, "exists": True}
        pattern.setdefault("where", {})["n"] = kept | extra
        text = dump("needless", [rule])
        if check_rules(_load(text)).errors:
            continue
        assert "SH361" in {one.code for one in check_rules(_load(text)).findings}
        more = _decided(_load(text), number)
        pattern["where"]["n"] = kept
        assert more == _decided(_load(dump("needless", [rule])), number)
        tried += bool(more)
    assert tried >= 6


def test_rules_that_wait_in_vain_never_fire() -> None:
    """Over random streams no rule decides that waits for what nothing concludes."""
    never = 0
    for seed in range(90):
        rules = _load(case(seed).texts[0])
        report = check_rules(rules)
        dead = {_rule_at(rules, one.span.line).id for one in report.findings if one.code == "SH363"}
        if dead and not report.errors:
            never += len(dead)
            assert [] == [one.rule for one in _decided(rules, seed) if one.rule in dead]
    assert never >= 6


def test_a_witness_is_what_the_command_reads() -> None:
    """Each line is a CloudEvents object of the kinds of the rule set."""
    rules = _load(next(chunk for chunk in LINT if "rules that say" in chunk.name).source.text)
    lines = [line for one in check_rules(rules).findings for line in one.witness]
    assert lines
    assert all(json.loads(line)["type"] in rules.vocabulary.kinds for line in lines)


@pytest.mark.parametrize("chunk", read_chunks("check"), ids=str)
def test_without_lint_every_error_is_found(chunk: Any) -> None:  # noqa: ANN401 - a chunk
    """What compiling leaves out are warnings alone."""
    rules = _load(chunk.source.text)
    assert check_rules(rules).errors == check_rules(rules, lint=False).errors
