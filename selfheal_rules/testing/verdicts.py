"""Cases are judged: what was played is held against what each step says, once plainly and once under every variant."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import evolve

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.history import EpisodeView
from selfheal_rules.diagnostics import MatcherError
from selfheal_rules.engine import Engine
from selfheal_rules.testing.cases import Also, Case, Held, Step, Wanted
from selfheal_rules.testing.compare import Difference, difference, misfits, same, side_of, told
from selfheal_rules.testing.doubts import doubts, missing
from selfheal_rules.testing.results import Ending, Failure, Result
from selfheal_rules.testing.runner import GIVEN, CannotGoOn, Moment, Observer, Played, Unobserved, play
from selfheal_rules.testing.variants import VARIANTS
from selfheal_rules.testing.writing import decision_text, input_text, line_of, state_text, value_text, wanted_text
from selfheal_rules.values import FrozenMap, canonical


class _Watch:
    """Looks at the states of an engine at the end of each step, and passes on what it saw."""

    def __init__(self, case: Case, observer: Observer) -> None:
        """Begin with nothing seen."""
        self.case = case
        self.observer = observer
        self.failures: list[Failure] = []

    def saw(self, engine: Engine, moment: Moment) -> None:
        """Hold what became of an input against what the case says of it."""
        self.observer.saw(engine, moment)
        given = moment.given
        if given and given.disposition and moment.settled.disposition != given.disposition:
            lines = (f"- {given.disposition}", f"+ {moment.settled.disposition}")
            title = f"{input_text(given)} became something else"
            self.failures.append(Failure(title, lines, given.span, moment.step))

    def ended(self, engine: Engine, step: int, number: int) -> None:
        """Hold the states against what the case says of them."""
        self.observer.ended(engine, step, number)
        for held in self.case.steps[step].holds:
            failure = held_failure(held, engine, step)
            if failure:
                self.failures.append(failure)


def judge(case: Case, observer: Observer | None = None) -> Result:
    """Play a case, also under its variants, and say whether all it says is so."""
    if case.skip:
        return Result(case, "skipped", notes=(case.skip,))
    watch = _Watch(case, observer or Unobserved())
    try:
        played = play(case, observer=watch)
    except CannotGoOn as error:
        return Result(case, "failed", (_stopped(f"the case cannot go on: {error}", error),), error.played, case.notes)
    failures = [*_decided(case, played), *watch.failures, *doubts(case, played)]
    notes = [*case.notes]
    for name in () if failures else case.also:
        found, said = under(name, case, played)
        failures += found
        notes += said
    ending: Ending = "failed" if failures else "passed"
    ordered = tuple(sorted(failures, key=lambda one: len(case.steps) if one.step is None else one.step))
    return Result(case, ending, ordered, played, tuple(notes))


def _stopped(title: str, error: CannotGoOn) -> Failure:
    """Say at which input a case ends, and what was before it."""
    return Failure(title, (input_text(error.given),), error.given.span, error.step, played=error.played)


# Decisions


def _decided(case: Case, played: Played) -> Iterator[Failure]:
    """Say in what the decisions differ from what each step says of them, and why."""
    for number, found in _differences(case, played):
        if isinstance(found, Difference):
            failure = differs(found, case.steps[number], number, case.start)
            yield evolve(failure, answers=missing(found.missing, case, played, number))
        else:
            yield unexpected(found, case)


def _differences(case: Case, played: Played) -> Iterator[tuple[int, Difference | list[Decision]]]:
    """Hold the decisions up to each step that speaks of them against what it says; at the end none may be left."""
    waiting: list[Decision] = []
    at = GIVEN
    for number, step in enumerate(case.steps):
        while at <= number:
            waiting += [one for moment in played if moment.step == at for one in moment.settled]
            at += 1
        if step.wanted is None:
            continue
        found = difference(step.wanted, waiting, case.start, ordered=step.ordered)
        waiting = []
        if found:
            yield number, found
    if waiting:
        yield len(case.steps), waiting


def keeps(case: Case) -> bool:
    """Whether all a case says is so, played plainly as far as it is; of what is not, nothing is told."""
    watch = _Judge(case, Unobserved())
    try:
        played = play(case, observer=watch)
    except (CannotGoOn, _Noticed):
        return False
    return not (watch.waiting or watch.failures or any(True for _ in doubts(case, played)))


class _Noticed(Exception):  # noqa: N818 - no fault: the answer is known
    """Something is not as the case says."""


class _Judge(_Watch):
    """Ends the run of a case at the first step that is not as it says."""

    def __init__(self, case: Case, observer: Observer) -> None:
        """Begin with nothing decided."""
        super().__init__(case, observer)
        self.waiting: list[Decision] = []

    def saw(self, engine: Engine, moment: Moment) -> None:
        """Keep what was decided until a step speaks of it."""
        super().saw(engine, moment)
        self.waiting += moment.settled

    def ended(self, engine: Engine, step: int, number: int) -> None:
        """Hold decisions and states against what the case says of them."""
        super().ended(engine, step, number)
        wanted, ordered = self.case.steps[step].wanted, self.case.steps[step].ordered
        if wanted is not None:
            waiting, self.waiting = self.waiting, []
            if self.failures or difference(wanted, waiting, self.case.start, ordered=ordered):
                raise _Noticed


def unexpected(left: Sequence[Decision], case: Case) -> Failure:
    """Say what was decided and is expected nowhere."""
    lines = tuple(f"+ {decision_text(one, case.start)}" for one in left)
    title = "decided and expected nowhere: what follows from a step is expected by it, or by a step after it"
    return Failure(title, lines, case.span, len(case.steps) - 1 if case.steps else None, tuple(left))


def differs(found: Difference, step: Step, number: int, start: datetime) -> Failure:
    """Say in what the decisions of a step differ from what it expects, what is alike side by side."""
    nearest = dict(found.nearest)
    paired = [*nearest.values()]
    lines: list[str] = []
    for item in found.missing:
        lines.append(f"- {wanted_text(item)}{line_of(item.span)}")
        if item in nearest:
            lines += [f"+ {decision_text(nearest[item], start)}", *_because(item, nearest[item], start)]
    lines += [f"+ {decision_text(one, start)}" for one in found.extra if one not in paired]
    for item, decision in found.disordered:
        lines += [f"- {wanted_text(item)}{line_of(item.span)}", f"+ {decision_text(decision, start)}"]
    return Failure(_title(found), tuple(lines), step.span, number, found.extra or tuple(d for _, d in found.disordered))


def _title(found: Difference) -> str:
    if found.disordered:
        return "decided in another order"
    parts = [f"{len(found.missing)} expected and not decided"] if found.missing else []
    parts += [f"{len(found.extra)} decided and not expected"] if found.extra else []
    return ", ".join(parts)


def _because(item: Wanted, decision: Decision, start: datetime) -> Iterator[str]:
    """Say in which words a decision differs from what was expected."""
    for word in misfits(item, decision, start):
        yield f"    {word}: expected {value_text(item.words[word])}, got {value_text(told(decision, word, start))}"
    side = side_of(decision)
    if side != item.side:
        verdict = decision.verdict
        yield f"    expected under `{item.side}`, got {verdict.status} by {verdict.guard}: {verdict.reason}"


# States


def held_failure(held: Held, engine: Engine, step: int) -> Failure | None:
    """Say what holds instead, where a state does not hold that should, or does that should not."""
    states = [*_states(held.kind, engine)]
    fitting = [fields for fields in states if same(held.fields, fields)]
    if bool(fitting) is not held.cleared:
        return None
    title = "holds, and should not" if held.cleared else "does not hold"
    shown = fitting if held.cleared else states
    lines = [f"+ {state_text(held.kind, fields)}" for fields in shown[:10]]
    wanted = f"- {state_text(held.kind, held.fields)}{' cleared' if held.cleared else ''}"
    return Failure(f"state {held.kind} {title}", (wanted, *lines), held.span, step)


def _states(kind: str, engine: Engine) -> Iterator[FrozenMap]:
    """Give the fields of what holds; the episodes of an engine are states, too, whoever reads them."""
    if kind != "selfheal.episode":
        yield from (state.fields for state in engine.states(kind))
        return
    yield from map(episode_fields, engine.episodes())


def episode_fields(episode: EpisodeView) -> FrozenMap:
    """Give the fields of an episode as rules read it; the target of a step without one is an empty text."""
    target = next((step.target for step in episode.steps), None)
    named = {"episode": episode.id, "ruleset": episode.ruleset, "rule": episode.rule}
    return FrozenMap({**named, "target": "" if target is None else target, "status": episode.state})


# Variants


def under(name: Also, case: Case, plain: Played) -> tuple[list[Failure], list[str]]:
    """Play a case under a variant, whose decisions must be those of the plain run; give failures and notes."""
    fixed = frozenset(one.step for one in plain if _is_contested(one.step, plain))
    try:
        played = play(case, VARIANTS[name], fixed=fixed)
    except MatcherError as error:
        return [], [f"{name} was left out: {error}"]
    except CannotGoOn as error:
        return [evolve(_stopped(f"the case cannot go on under {name}: {error}", error), variant=name)], []
    return [*_changed(name, case, plain, played)], []


def _is_contested(step: int, played: Played) -> bool:
    """Whether two decisions of a step are about one target: then it matters which comes first."""
    targets = [canonical(one.target) for moment in played if moment.step == step for one in moment.settled]
    return len(targets) != len(set(targets))


def _changed(name: Also, case: Case, plain: Played, played: Played) -> Iterator[Failure]:
    """Say at which step decisions first differ, if they do."""
    for number in range(GIVEN, len(case.steps)):
        expected, made = _of(number, plain), _of(number, played)
        if VARIANTS[name].reorders:
            expected, made = sorted(expected, key=_place), sorted(made, key=_place)
        if expected == made:
            continue
        lost = [one for one in expected if one not in made]
        new = [one for one in made if one not in expected]
        lines = [f"- {decision_text(one, case.start)}" for one in lost or expected]
        lines += [f"+ {decision_text(one, case.start)}" for one in new or made]
        span = case.steps[number].span if number != GIVEN else case.span
        title = f"decisions differ under {name}"
        yield Failure(title, tuple(lines), span, max(number, 0), tuple(new or lost), variant=name, played=played)
        return


def _of(step: int, played: Played) -> list[Decision]:
    return [one for moment in played if moment.step == step for one in moment.settled]


def _place(decision: Decision) -> str:
    return canonical(FrozenMap({"at": decision.at, "id": decision.id, "said": str(decision.verdict)}))
