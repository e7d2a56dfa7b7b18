"""Guards that other packages bring: they hold and refuse, are named wherever they spoke, and are never left out."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from selfheal_rules.decide import Control, Outcome
from selfheal_rules.diagnostics import EventError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event
from selfheal_rules.explain.why import why
from selfheal_rules.guards import GUARDS, Candidate, Doubt, GuardType, Hold, Refuse
from selfheal_rules.healer import Healer
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.journal.recovery import engine_of
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.snapshot import program_of
from selfheal_rules.source import Source
from selfheal_rules.values import Value
from selfheal_rules.vocabulary import DURATION, INTEGER
from tests.guards.rig import AZONE, DRAIN, FREE, LOST, Site, _policy, _program, at, rule
from tests.guards.test_g01_to_g12 import fleet

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that has these guards, and no others, be those that packages bring."""

    def put(*guards: GuardType) -> None:
        _program.cache_clear()
        _policy.cache_clear()
        monkeypatch.setitem(GUARDS.__dict__, "_brought", ({one.name: one for one in guards}, ()))

    yield put
    put()


def _hold(step: Candidate, remembered: Value, now: datetime) -> Hold | None:
    """Let one through in so long: what it remembers is when."""
    wait = step.given["acme.pause"]
    assert isinstance(wait, timedelta)
    if isinstance(remembered, datetime) and now < remembered + wait:
        return Hold("one was done a while ago", remembered + wait)
    return None


PAUSE = GuardType(
    "acme.pause", "One at a time.", DURATION, unless="one had been done", judge=_hold, begun=lambda _, __, now: now
)
GUARDED = "{acme.pause: 10s}"


def _saying(answer: object, **more: Any) -> GuardType:  # noqa: ANN401 - fields of a guard
    def judge(step: Candidate, remembered: Value, now: datetime) -> Any:  # noqa: ANN401 - what a stranger answers
        if isinstance(answer, Exception):
            raise answer
        return answer(step, remembered, now) if callable(answer) else answer

    return GuardType("acme.says", "It says so.", INTEGER, unless="it said so", judge=judge, **more)


SAYS = rule(LOST, DRAIN, "{acme.says: 1}")


def _verdict(site: Site) -> tuple[str, str, datetime | None]:
    found = site.decisions[-1].verdict
    return found.status, found.reason, found.retry_at


# What it does


def test_it_holds_until_it_says(install: Install) -> None:
    """By target where nothing else is said; the verdict has its name, its reason, and when it is asked again."""
    install(PAUSE)
    site = Site(rule(LOST, DRAIN, GUARDED))
    assert ["disable_service h1 allowed@0"] == site.event("lost", 0)
    site.answer(1)
    assert ["disable_service h1 held:acme.pause@4"] == site.event("lost", 4)
    assert ("held", "one was done a while ago", at(10)) == _verdict(site)
    assert ["disable_service h2 allowed@5"] == site.event("lost", 5, "h2")
    assert ["disable_service h1 allowed@10"] == site.until(11)


def test_a_site_declares_it_over_all_rules(install: Install) -> None:
    """By what the topology knows, for some actions, as every guard; in shadow it goes by what would have been done."""
    install(PAUSE)
    guard = "{acme.pause: 10s, by: [az], action: 'compute.*'}"
    policy = f"{FREE}topology: [{{state: host, within: [az]}}]\nguards: [{guard}]"
    site = Site(rule(LOST, DRAIN), policy)
    fleet(site, 4, 4)
    assert ["disable_service h0 allowed@1"] == site.event("lost", 1, "h0")
    assert ["disable_service h1 held:acme.pause@2"] == site.event("lost", 2, "h1")
    shadow = Site(rule(LOST, DRAIN), policy.replace("enforce", "shadow"))
    fleet(shadow, 4, 4)
    assert ["disable_service h0 shadowed@1"] == shadow.event("lost", 1, "h0")
    assert ["disable_service h1 held:acme.pause@2"] == shadow.event("lost", 2, "h1")


def test_our_own_are_asked_first_and_people_last(install: Install) -> None:
    """What another guard says is the verdict; nobody is asked to agree to what would be held all the same."""
    install(_saying(Hold("not now", at(60))))
    limited = rule(LOST, DRAIN, "{acme.says: 1}", "{limit: 0, per: 10m}")
    assert ["disable_service h1 held:limit@0"] == Site(limited).event("lost", 0)
    asked = rule(LOST, DRAIN, "{approval: 1}", "{acme.says: 1}")
    assert ["disable_service h1 held:acme.says@0"] == Site(asked).event("lost", 0)


def test_what_it_refuses_is_not_done(install: Install) -> None:
    """Where people have to know, the episode goes to its end; else it closes."""
    install(_saying(Refuse("never on a Monday")))
    site = Site(SAYS)
    assert ["disable_service h1 suppressed:acme.says@0"] == site.event("lost", 0)
    assert ["closed"] == site.status()
    install(_saying(Refuse("never on a Monday", escalates=True)))
    ending = "outcome: {healthy: {none: [{state: alarm, where: {host: $e.host}}]}, within: 10m, else: [{do: notify}]}"
    told = Site(rule(LOST, DRAIN, "{acme.says: 1}", more=ending)).event("lost", 0)
    assert ["disable_service h1 suppressed:acme.says@0", "notify None allowed@0"] == told


def test_a_doubt_holds_unless_it_fails_open(install: Install) -> None:
    """It is asked again a minute later."""
    install(_saying(Doubt("nobody answers")))
    site = Site(SAYS)
    site.event("lost", 0)
    assert ("held", "nobody answers, and the guard fails closed", at(60)) == _verdict(site)
    open_ = rule(LOST, DRAIN, "{acme.says: 1, fails: open}")
    assert ["disable_service h1 allowed@0"] == Site(open_).event("lost", 0)


BROKEN = {
    "raises": (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    "answers what is no answer": (True, "TypeError: it answers bool, which is no answer"),
    "gives no reason": (Hold(" ", at(60)), "ValueError: it gives no reason"),
    "holds until what is over": (
        Hold("x", at(0)),
        "ValueError: it asks to be asked again at 2026-01-05T12:00:00+00:00, which is over",
    ),
    "changes what it is handed": (
        lambda step, *_: setattr(step, "target", "h2"),
        "FrozenInstanceError: can't set attribute",
    ),
    "takes too much": (lambda step: step, "TypeError: _saying.<locals>.<lambda>"),
    "says much": (RuntimeError("x" * 500), "RuntimeError: " + "x" * 186 + "..."),
}


@pytest.mark.parametrize("way", BROKEN)
def test_what_is_broken_holds_and_says_so(way: str, install: Install) -> None:
    """Also where it is to fail open: a guard that is broken has not said that nothing stands against a step."""
    answer, told = BROKEN[way]
    install(_saying(answer))
    site = Site(rule(LOST, DRAIN, "{acme.says: 1, fails: open}"))
    assert ["disable_service h1 held:acme.says@0"] == site.event("lost", 0)
    status, reason, again = _verdict(site)
    assert reason.startswith(f"it is broken: {told.partition('_saying')[0]}")
    assert ("held", at(60)) == (status, again)


def test_what_cannot_be_remembered_lets_nothing_through(install: Install) -> None:
    """What would be remembered is tried before the step is let through: plain values, or it is held."""
    for begun in (lambda *_: {1, 2}, lambda *_: 1 / 0):
        install(_saying(None, begun=begun))
        site = Site(SAYS)
        assert ["disable_service h1 held:acme.says@0"] == site.event("lost", 0)
        assert "it is broken: " in _verdict(site)[1]


def test_what_it_goes_by_may_not_be_missing(install: Install) -> None:
    """The library sees to that: it fails closed, or open where that is written, and the stranger is not asked."""
    install(PAUSE)
    for fails, told in (("", "held:acme.pause"), (", fails: open", "allowed")):
        site = Site(rule(LOST, DRAIN, f"{{acme.pause: 10s, by: [$e.az]{fails}}}"))
        assert [f"disable_service h1 {told}@0"] == site.event("lost", 0)


# What it remembers


def _failures(_: Candidate, remembered: Value, now: datetime) -> Hold | None:
    return Hold("the last one failed", now + timedelta(hours=1)) if remembered == "failed" else None


TRIED = GuardType(
    "acme.tried", "Not after a failure.", INTEGER, unless="the last one had failed", judge=_failures, by_target=False,
    ended=lambda _, __, worked, ___: None if worked else "failed",
)  # fmt: skip


def test_it_hears_how_attempts_end(install: Install) -> None:
    """What waits for that is judged again at once; to remember nothing is to forget."""
    install(TRIED)
    site = Site(rule(LOST, DRAIN, "{acme.tried: 1}"))
    site.event("lost", 0)
    site.answer(1, "failed")
    assert ["disable_service h2 held:acme.tried@2"] == site.event("lost", 2, "h2")
    ledger = site.engine._guards.ledger
    assert ["acme.tried"] == list(ledger.done.brought)
    assert ["disable_service h2 allowed@3"] == site.say("release", 3, "h1")
    site.answer(4)
    assert [{}] == list(ledger.done.brought.values())


def test_what_it_cannot_be_told_holds_until_the_target_is_released(install: Install) -> None:
    """What came of a step is known to nobody then: it fails closed, says why, and a person ends it."""
    install(evolve(TRIED, ended=lambda *_: 1 / 0))
    site = Site(rule(LOST, DRAIN, "{acme.tried: 1}"))
    site.event("lost", 0)
    site.answer(1)
    site.restart()
    site.event("lost", 2, "h2")
    reason = "it is broken: ZeroDivisionError: division by zero; once it is mended, release `h1`"
    assert ("held", reason, at(62)) == _verdict(site)
    assert ["disable_service h2 allowed@3"] == site.say("release", 3, "h1")


def test_it_is_forgotten_after_its_longest_duration_and_what_it_says(install: Install) -> None:
    """Whenever the ledger is swept."""
    seen: list[Value] = []

    def judge(_: Candidate, remembered: Value, __: datetime) -> None:
        seen.append(remembered)

    install(evolve(PAUSE, judge=judge, keep=timedelta(seconds=5), begun=lambda *_: "begun"))
    site = Site(rule(LOST, DRAIN, GUARDED))
    for second in (0, 14, 29.5):
        site.event("lost", second)
        site.answer(second)
    assert [None, "begun", None] == seen


def test_it_sees_its_population(install: Install) -> None:
    """Counted as for every guard; one that is unknown is the library's to hold, and a change of it wakes what waits."""

    def judge(step: Candidate, _: Value, now: datetime) -> Hold | None:
        assert step.healthy is not None
        return Hold(f"{step.healthy} of {step.total}", now + timedelta(hours=1)) if step.healthy < 2 else None

    install(_saying(judge, counts=True, by_target=False))
    counted = "{acme.says: 1, of: {state: host, where: {status: up}}, by: [$e.az]}"
    site = Site(rule(AZONE, DRAIN, counted))
    assert ["disable_service h1 held:acme.says@0"] == site.state("alarm", 0, "h1", az="a")
    assert "the population is unknown" in _verdict(site)[1]
    assert [] == site.state("host", 1, "h2", az="a", status="up")
    assert ["disable_service h1 allowed@2"] == site.state("host", 2, "h3", az="a", status="up")


# Where it is named


def test_a_snapshot_goes_on_with_it_or_not_at_all(install: Install) -> None:
    """It names the guards that spoke, those of the site included; one that is missing is told, with what to do."""
    install(PAUSE)
    for site in (Site(rule(LOST, DRAIN, GUARDED)), Site(rule(LOST, DRAIN), f"{FREE}guards: [{GUARDED}]")):
        install(PAUSE)
        site.event("lost", 0)
        site.answer(0)
        site.restart()
        blob = site.engine.snapshot()
        assert ["disable_service h1 held:acme.pause@1"] == site.event("lost", 1)
        install()
        told = r"guard `acme.pause` spoke here, and no package .* brings it: install the one that does"
        with pytest.raises(SnapshotError, match=told):
            Engine.restore(site.program, blob)


def test_the_rules_in_a_snapshot_are_not_read_without_it(install: Install) -> None:
    """Neither by what looks into it, nor where other rules are to go on from there."""
    install(PAUSE)
    site = Site(rule(LOST, DRAIN, GUARDED))
    blob = site.engine.snapshot()
    install()
    with pytest.raises(SnapshotError, match=r"guard `acme.pause` spoke here"):
        program_of(blob)
    with pytest.raises(SnapshotError, match=r"guard `acme.pause` spoke here"):
        Engine.restore(Site(rule(LOST, DRAIN)).program, blob)


def test_a_later_version_says_what_it_reads(install: Install) -> None:
    """What it remembers is not handed to one that would take it for something else."""
    install(PAUSE)
    site = Site(rule(LOST, DRAIN, GUARDED))
    site.event("lost", 0)
    site.answer(0)
    blob = site.engine.snapshot()
    install(evolve(PAUSE, version=2))
    told = r"what version 1 of guard `acme.pause` remembers, and version 2 does not read it: install a version"
    with pytest.raises(SnapshotError, match=told):
        Engine.restore(site.program, blob)
    install(evolve(PAUSE, version=2, reads=(1,)))
    site.engine = Engine.restore(site.program, blob)
    assert ["disable_service h1 held:acme.pause@1"] == site.event("lost", 1)


def test_what_it_remembers_outlives_the_rule_that_had_it(install: Install) -> None:
    """So it stays named in the snapshot for as long, and no longer."""
    install(PAUSE)
    site = Site(rule(LOST, DRAIN, GUARDED))
    site.event("lost", 0)
    site.change(rule(LOST, DRAIN))
    ledger = site.engine._guards.ledger
    assert {"acme.pause": 1} == ledger.brought
    site.say("release", 1, "h1")
    site.restart()
    assert {} == site.engine._guards.ledger.brought


def test_a_journal_goes_on_with_it_or_not_at_all(install: Install, tmp_path: Path) -> None:
    """Recovery gives the same decisions; without the package it ends with what is missing, and changes nothing."""
    install(PAUSE)
    program, policy = _program(rule(LOST, DRAIN, GUARDED)), read_policy(Source("p.yaml", FREE))
    journal = open_journal(str(tmp_path / "j"))
    healer = Healer(Engine(program, policy=policy), journal, None)
    first = healer.take([_lost(0)])
    healer.close()
    whole = [*journal.records()]
    install()
    with pytest.raises(SnapshotError, match=r"guard `acme.pause` spoke here"):
        Healer(Engine(program, policy=policy), journal, None)
    with pytest.raises(SnapshotError, match=r"guard `acme.pause` spoke here"):
        engine_of(journal)
    assert whole == [*journal.records()]
    install(PAUSE)
    healer = Healer(Engine(program, policy=policy), journal, None)
    answer = Outcome(first[0].id, "done", at(0))
    held = healer.take([answer, _lost(1)])
    healer.close()
    assert ["allowed", "acme.pause"] == [first[0].verdict.status, held[0].verdict.guard]
    assert '"guard":"acme.pause"' in (tmp_path / "j").read_text("utf-8")


def _lost(second: int) -> Event:
    return Event(f"l{second}", "lost", "m", at(second), {"host": "h1"})


def test_a_policy_that_names_what_is_missing_is_not_taken(install: Install) -> None:
    """The one that holds goes on to hold."""
    install()
    site = Site(rule(LOST, DRAIN))
    with pytest.raises(EventError, match=r"`acme.pause` is no guard"):
        site.engine.post(Control("policy", "ann", "because", at(0), f"{FREE}guards: [{GUARDED}]\n"))
    assert ["disable_service h1 allowed@1"] == site.event("lost", 1)


def test_it_is_explained_and_counted(install: Install) -> None:
    """With the sentence it brings, how it is written, and where; metrics have it by its name."""
    install(_saying(Hold("not now", at(60))))
    program = _program(SAYS)
    engine = Engine(program)
    (held,) = engine.post(_lost(0))
    opinion = next(one for one in why(program, [_lost(0)], held.id).opinions if one.guard == "acme.says")
    told = ("FAIL", "acme.says: 1", "let through unless it said so")
    assert told == (opinion.mark, opinion.written, opinion.counterfactual)
    assert {("held", "acme.says"): 1} == {place[3:]: n for place, n in engine.counts().items() if len(place) == 5}
