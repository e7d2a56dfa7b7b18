"""What a guard of another package promises."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from selfheal_rules.check import check_rules
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State
from selfheal_rules.guards import GUARDS, GuardType
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.policy import read_policy
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
_SITE = "selfheal_policy: 1\npolicy: site\nmode: enforce\nautonomy: [{grade: auto}]\n"
_WRONG = {"string": 1, "integer": "x", "number": "x", "boolean": "x", "duration": "soon", "enum": "?", "list": "x"}
_MOST = 2
_SENTENCE = re.compile(r"[A-Z].*\.", re.DOTALL)


class GuardContract:
    """
    A guard holds steps back, and nothing else; what it says follows from what it is handed.

    The story is what is posted; each step that is let through is answered a second later, every third one as failed.
    Its rule opens an episode for each event `lost`, called so, of a `host` in an `az`.
    """

    guard: GuardType
    """What the entry point names; its package is installed."""
    written: str
    """How it stands in a rule, such as `{acme.shift: 2, by: [$lost.az]}`."""
    pace: timedelta = timedelta(minutes=1)
    """How much time there is between two of the story."""
    vocabularies: ClassVar[tuple[Path, ...]] = ()
    """Files of vocabularies of the package's own, whose kinds stand under `of` or in the story."""

    def story(self) -> Iterator[Event | State]:
        """Give what is posted: 24 losses of three hosts in two zones, unless the contract says something else."""
        for number in range(24):
            fields = {"host": f"h{number % 3}", "az": f"z{number % 2}"}
            yield Event(f"e{number}", "lost", "conformance", START + number * self.pace, fields)

    # What it says of itself

    def test_it_says_what_it_is(self) -> None:
        """It is installed, has a sentence, and says how its verdict is explained."""
        one = self.guard
        problems = "; ".join(GUARDS.problems) or "no package brings it"
        assert GUARDS.get(one.name) is one, f"`{one.name}` is not installed: {problems}"
        assert _SENTENCE.fullmatch(one.doc), f"`doc` of `{one.name}` is no sentence: {one.doc}"
        assert not one.unless.endswith("."), "`unless` goes on with `let through unless …`, and is no sentence"
        undocumented = [word for word, param in one.words.items() if not _SENTENCE.fullmatch(param.doc)]
        assert not undocumented, f"`{undocumented[0]}` of `{one.name}` is told by no sentence"

    def test_its_settings_are_held_to_their_types(self) -> None:
        """As it is written it has no finding; with a value of another type it has one, at that place."""
        assert not self._errors(self.written), self._errors(self.written)
        types = {self.guard.name: self.guard.own, **{word: one.type for word, one in self.guard.words.items()}}
        for word, kind in types.items():
            if word in {"of", "by", "fails"}:
                continue
            wrong = json.dumps(_WRONG[kind.name])
            kept = [part for part in self._parts() if not part.startswith(f"{word}:")]
            written = f"{{{', '.join([*kept, f'{word}: {wrong}'])}}}"
            assert self._errors(written), f"`{word}: {wrong}` is taken"

    def _parts(self) -> list[str]:
        """Give the settings as they are written, each with its word."""
        inner = self.written.strip().removeprefix("{").removesuffix("}")
        return [part.strip() for part in re.split(r",(?![^\[{]*[\]}])", inner)]

    # What it does

    def test_it_says_no_and_why(self) -> None:
        """In the story it holds something back; each time it says why, and when it is asked again."""
        said = [one for one in self._told(self._program()) if one.verdict.guard == self.guard.name]
        assert said, "it says no to nothing in the story: give another `story`, `pace` or `written`"
        for one in said:
            verdict = one.verdict
            assert "it is broken:" not in verdict.reason, verdict.reason
            assert verdict.reason, f"it gives no reason at {one.time}"
            if verdict.status == "held":
                assert verdict.retry_at is not None, f"it does not say until when: {verdict.reason}"
                assert verdict.retry_at > one.time, f"it holds until {verdict.retry_at}, which is over"

    def test_it_decides_alike_each_time(self) -> None:
        """Whatever the chance and the clock of the machine, and whatever it was asked before."""
        program = self._program()
        random.seed(1)
        first = _lines(self._told(program))
        random.seed(2)
        again = _lines(self._told(program))
        assert first == again, _first_difference(first, again)

    def test_it_goes_on_from_a_snapshot(self) -> None:
        """Where the process ends after each step of the story, the decisions are those of one that never ended."""
        program = self._program()
        whole, crashed = _lines(self._told(program)), _lines(self._told(program, crashes=True))
        assert whole == crashed, _first_difference(whole, crashed)

    def test_it_never_loosens_another(self) -> None:
        """Beside it, a limit of two targets in five minutes is kept, and two minutes between two steps on one."""
        told = self._told(self._program("{limit: 2, per: 5m}", "{cooldown: 2m}"))
        allowed = [(one.time, str(one.target)) for one in told if one.verdict.status == "allowed"]
        for at, target in allowed:
            near = [other for time, other in allowed if at - timedelta(minutes=5) < time <= at]
            assert len({*near}) <= _MOST, f"{_MOST} targets may be acted on in five minutes, and {near} were until {at}"
            soon = [time for time, other in allowed if other == target and at - timedelta(minutes=2) < time < at]
            assert not soon, f"`{target}` was acted on at {soon[0]}, and again at {at}, within its cooldown"

    # How it is tried

    def _rules(self, *guards: str) -> tuple[RuleSet | None, tuple[str, ...]]:
        known = ", ".join(["openstack", *(json.dumps(str(one.resolve())) for one in self.vocabularies)])
        text = f"""\
selfheal: 1
ruleset: guarded
vocabulary: [{known}]
events: {{lost: {{fields: {{host: {{type: string, required: true}}, az: {{type: string, required: true}}}}}}}}
rules:
  - id: guarded
    when: {{as: lost, event: lost}}
    then: [{{do: compute.enable_service, target: $lost.host}}]
    guard: [{", ".join(guards)}]
"""
        ruleset, report = parse_rules(Source("rules.yaml", text))
        report += check_rules(ruleset, lint=False) if ruleset and not report.errors else report
        return ruleset, tuple(one.render() for one in report.errors)

    def _errors(self, written: str) -> tuple[str, ...]:
        return self._rules(written)[1]

    def _program(self, *others: str) -> Program:
        ruleset, errors = self._rules(*others, self.written)
        assert ruleset is not None, errors
        assert not errors, "\n".join(errors)
        return compile_rules(ruleset)

    def _told(self, program: Program, *, crashes: bool = False) -> list[Decision]:
        engine, told, answered = Engine(program, policy=_policy()), list[Decision](), 0
        for item in self.story():
            made = [*engine.post(item)]
            told += made
            for one in (one for one in made if one.verdict.status == "allowed"):
                answered += 1
                status, at = ("done" if answered % 3 else "failed"), one.time + timedelta(seconds=1)
                told += engine.post(Outcome(one.id, status, at, attempt=one.attempt))  # type: ignore[arg-type]
                engine = Engine.restore(program, engine.snapshot()) if crashes else engine
            engine = Engine.restore(program, engine.snapshot()) if crashes else engine
        told += engine.advance(engine.now + timedelta(days=1)) if engine.now else ()
        return told


def _policy() -> Policy:
    return read_policy(Source("policy.yaml", _SITE))


def _lines(told: list[Decision]) -> list[str]:
    return [json.dumps(one.to_json(), sort_keys=True) for one in told]


def _first_difference(left: list[str], right: list[str]) -> str:
    pairs = zip(left, right, strict=False)
    found = next(((one, other) for one, other in pairs if one != other), (f"{len(left)} decisions", f"{len(right)}"))
    return f"one says {found[0]}, the other {found[1]}"
