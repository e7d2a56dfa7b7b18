"""
Why a decision was made, and why it may or may not be carried out: what it rests on, and what every guard said of it.

`Decision.because` is the tree of causes down to what was posted. What the guards said is not kept, so the record is run
again and they are overheard: all of them, those behind the first that said no as well.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from selfheal_rules.compile.program import Program
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.evidence import plain
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.engine import MAX_AGE, Engine
from selfheal_rules.explain.why_not.probe import given
from selfheal_rules.explain.why_not.sift import Input
from selfheal_rules.explain.words import shown
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import Guard, Pattern, Rule
from selfheal_rules.model import Literal as Written
from selfheal_rules.policy import Policy
from selfheal_rules.source import Span

Mark: TypeAlias = Literal["ok", "FAIL"]

STOPS: Mapping[str, str] = {
    "target": "nobody could tell what to act on",
    "protected": "the site protected the target from it",
    "stale": "its cause were too old by now",
    "kill_switch": "somebody had stopped everything",
    "pause": "somebody had paused the rule set, the rule, the action or the target",
    "conflict": "another step on the target contradicted it and came first",
    "attempts": "it had been tried so often before, for the same target",
    "flap": "the target had gone back and forth so often",
    "maintenance": "somebody were at work on the target",
    "stand_down": "somebody had the target in hand, or nobody had listened",
    "settle": "planned work on the target, or a time in which nobody listened, had ended so short a while ago",
    "observer": "a witness had fallen silent, or too many at once",
    "storm": "so many had failed at once that the cause must be elsewhere",
    "min_healthy": "it left fewer healthy than that",
    "max_percent": "more than that share were being worked on",
    "cooldown": "it had begun so short a while ago",
    "backoff": "it had been tried a short while ago, and the wait after that were not over",
    "breaker": "it had failed so often of late that nobody should go on",
    "limit": "so many other targets had been acted on of late",
    "max_in_flight": "so many attempts were under way",
    "lock": "another held the lock",
    "approval": "the site wanted somebody to approve it, and nobody had",
}
"""For every stage of ours, when it says no: a sentence goes on with it; another package's guard brings its own."""


class UnknownDecisionError(SelfHealError):
    """No decision has this id, or more than one begins so."""


@frozen
class Opinion:
    """
    What one guard says of a decision, in the order they are asked.

    `written` is how the rule asks for it, or an empty text where the site does, or everybody. `counterfactual` is what
    would have turned it round. Of several `FAIL`s the first is the verdict.
    """

    mark: Mark
    guard: str
    text: str
    counterfactual: str
    written: str = ""
    span: Span | None = field(default=None, eq=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Give the opinion as `--format json` prints it."""
        place = f"{self.span.source.name}:{self.span.line}" if self.span else ""
        return {
            "mark": self.mark,
            "guard": self.guard,
            "text": self.text,
            "written": self.written,
            "place": place,
            "counterfactual": self.counterfactual,
        }


@frozen
class Why:
    """A decision, what was said of it before under its id, and what each guard says; `because` is the decision's."""

    decision: Decision
    before: tuple[Decision, ...] = ()
    opinions: tuple[Opinion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the answer as `--format json` prints it."""
        words = [
            {"time": plain(one.time), "verdict": one.verdict.status, "guard": one.verdict.guard} for one in self.before
        ]
        return {**self.decision.to_json(), "before": words, "guards": [one.to_json() for one in self.opinions]}


Heard: TypeAlias = tuple[tuple[str, Verdict | None], ...]


@define(eq=False)
class _Ear:
    """Who remembers what guards said, by what tells one judgement from another."""

    heard: dict[tuple[Any, ...], Heard] = field(factory=dict)

    def __call__(self, proposal: Proposal, said: Heard, now: int) -> None:
        one = proposal
        self.heard[one.ruleset, one.rule, one.step, repr(one.target), one.progress.attempt, now] = said

    def of(self, decision: Decision) -> Heard:
        """Give what was said of a decision."""
        one = decision
        return self.heard.get((one.ruleset, one.rule, one.step, repr(one.target), one.attempt, one.at), ())


def why(
    program: Program,
    inputs: Iterable[Input],
    decision: str,
    policy: Policy | None = None,
    *,
    max_age: timedelta = MAX_AGE,
) -> Why:
    """
    Say why the decision with this id, or with the only one that begins so, was made, and what each guard says of it.

    The latest word on it counts. `inputs` are what the engine was given, in order.

    Raises:
        UnknownDecisionError: where there is none, or there are several.
    """
    return why_from(Engine(program, policy=policy, max_age=max_age, max_ahead=None), inputs, decision)


def why_from(engine: Engine, inputs: Iterable[Input], decision: str) -> Why:
    """
    Say the same from an engine that stands somewhere before the decision, such as at a snapshot; it goes on by this.

    Raises:
        UnknownDecisionError: where there is none among what follows, or there are several.
    """
    ear = _Ear()
    engine.overhear(ear)
    made: dict[str, list[Decision]] = {}
    for one in inputs:
        for found in given(engine, one):
            made.setdefault(found.id, []).append(found)
        if isinstance(one, Control):  # another policy is other guards
            engine.overhear(ear)
    words = _found(made, decision)
    last = words[-1]
    rule = next(r for s in engine.program.rulesets if s.name == last.ruleset for r in s.rules if r.id == last.rule)
    return Why(last, tuple(words[:-1]), tuple(_opinion(rule, *said) for said in ear.of(last)))


def _found(made: Mapping[str, list[Decision]], prefix: str) -> list[Decision]:
    found = [name for name in made if name.startswith(prefix)]
    if len(found) == 1 or prefix in found:
        return made[prefix if prefix in found else found[0]]
    if not found:
        message = f"no decision has an id that begins with `{prefix}`; there are {_some(made.values())}"
        raise UnknownDecisionError(message)
    message = f"several decisions begin with `{prefix}`: {_some(made[name] for name in found)}"
    raise UnknownDecisionError(message)


def _some(words: Iterable[list[Decision]]) -> str:
    """Name some decisions, so that one can be chosen."""
    named = [f"`{some[-1].id[:12]}` ({some[-1].action} {some[-1].target} by {some[-1].rule})" for some in words]
    more = [f"and {len(named) - 5:,} more"] if len(named) > 5 else []  # noqa: PLR2004 - as many as one reads
    return ", ".join([*named[:5], *more]) or "none at all"


def _opinion(rule: Rule, name: str, verdict: Verdict | None) -> Opinion:
    guard = next((one for one in rule.guard if one.name == name), None)
    written, span = (_written(guard), guard.span) if guard else ("", None)
    if verdict is None:
        return Opinion("ok", name, "lets it through", f"held back if {_stops(name)}", written, span)
    retry = f"; asked again at {verdict.retry_at.isoformat()}" if verdict.retry_at else ""
    text = f"{verdict.status}: {verdict.reason}{retry}"
    return Opinion("FAIL", name, text, f"let through unless {_stops(name)}", written, span)


def _stops(name: str) -> str:
    return STOPS[name] if name in STOPS else GUARDS[name].unless


def _written(guard: Guard) -> str:
    """Write a guard as its author did, on one line."""
    return ", ".join(f"{word}: {_setting(value)}" for word, value in guard.settings.items())


def _setting(value: Any) -> str:  # noqa: ANN401 - any setting
    if isinstance(value, tuple):
        return f"[{', '.join(map(_setting, value))}]"
    if isinstance(value, Pattern):
        return " or ".join(value.kinds)
    return shown(value if hasattr(value, "span") else Written(value))
