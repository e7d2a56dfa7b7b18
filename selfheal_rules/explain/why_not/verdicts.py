"""Where a rule did fire: what guards said of it, and whether what it opened is still going on."""

from collections.abc import Iterator
from datetime import datetime

from attrs import evolve

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.history import EpisodeView
from selfheal_rules.explain.why_not.answer import Answer, Line
from selfheal_rules.explain.why_not.probe import Run
from selfheal_rules.model import Rule, RuleSet
from selfheal_rules.wording import shown, stamp

PASSING = frozenset({"allowed", "shadowed"})


def spoken(run: Run, rules: RuleSet, rule: Rule, blank: Answer) -> Answer:
    """
    Answer from what was decided.

    Nothing has failed, and there are no lines, where nothing was decided, or where all of it is over: that is no answer
    to why nothing happens now.
    """
    own = [one for one in run.decisions if (one.ruleset, one.rule) == (rules.name, rule.id)]
    made = tuple(one for one in own if is_about(one, blank))
    answer = evolve(blank, decisions=made)
    if made and made[-1].verdict.status not in PASSING:
        return _refused(answer)
    if made and made[-1].time == blank.at:
        return evolve(answer, lines=tuple(map(_told, made)))
    for episode in run.engine.episodes(rule=rule.id):
        if episode.is_open and episode.ruleset == rules.name and _concerns(episode, blank):
            return _going_on(answer, episode)
    if own and not made:
        others = ", ".join(dict.fromkeys(shown(one.target) for one in own[:5]))
        line = Line("FAIL", "then", f"it fired for other targets: {others}", time=own[-1].time, span=rule.span)
        return evolve(answer, lines=(line,), failed="key")
    return answer


def is_about(decision: Decision, blank: Answer) -> bool:
    """Whether a decision is about the target that is asked for; None asks for any."""
    return blank.target in (None, decision.target) or (isinstance(blank.target, tuple) and decision.key == blank.target)


def _concerns(episode: EpisodeView, blank: Answer) -> bool:
    return blank.target in (None, *episode.key, *(step.target for step in episode.steps))


def _told(decision: Decision) -> Line:
    verdict = decision.verdict
    passing = verdict.status in PASSING
    text = f"{decision.action} {shown(decision.target)}: {verdict.status} by {verdict.guard}: {verdict.reason}"
    mark = "ok" if passing else "FAIL"
    return Line(mark, "guard" if not passing else "then", text, time=decision.time, item=decision.id)  # type: ignore[arg-type]


def _refused(answer: Answer) -> Answer:
    """The latest word on it is that it may not be done."""
    last = answer.decisions[-1]
    verdict = last.verdict
    miss = verdict.retry_at - answer.at if verdict.retry_at and verdict.retry_at > answer.at else None
    return evolve(
        answer, lines=tuple(map(_told, answer.decisions)), failed=verdict.guard, miss=miss, counterfactual=_cure(last)
    )


def _cure(decision: Decision) -> str:
    verdict = decision.verdict
    if verdict.status == "needs_approval":
        by = f" by {stamp(verdict.retry_at)}" if verdict.retry_at else ""
        return f"somebody had approved {decision.id}{by}"
    if verdict.guard == "withdrawn":
        return "its cause had lasted until the step was let through"
    if verdict.retry_at:
        return f"`{verdict.guard}` had not stood in the way; it is asked again at {stamp(verdict.retry_at)}"
    return f"`{verdict.guard}` had not stood in the way: {verdict.reason}"


def _going_on(answer: Answer, episode: EpisodeView) -> Answer:
    """An episode is open: what comes meanwhile is evidence; a step of it may still wait."""
    lines = tuple(_steps(answer, episode))
    waiting = next((one for one in episode.steps if answer.target in (None, one.target) and one.decision is None), None)
    before = [one for one in episode.steps if one.decision is not None and one.state != "confirmed"]
    if waiting is not None and not answer.decisions:
        names = ", ".join(one.name for one in before)
        change = f"step {names} had been confirmed" if names else "the steps before it had been confirmed"
        return evolve(answer, lines=lines, failed="after", counterfactual=change)
    change = f"the episode opened at {stamp(episode.opened)} had been over"
    return evolve(answer, lines=lines, failed="episode", counterfactual=change)


def _steps(answer: Answer, episode: EpisodeView) -> Iterator[Line]:
    yield from map(_told, answer.decisions)
    text = f"its episode is open ({episode.state}): what comes meanwhile is evidence"
    yield Line("FAIL", "when", text, time=episode.opened, item=episode.id)
    for one in episode.steps:
        mark = "ok" if one.state == "confirmed" else "skip"
        yield Line(mark, f"then.{one.name}", f"{one.action} {shown(one.target)}: {one.state}")  # type: ignore[arg-type]


def last_fired(answer: Answer) -> datetime | None:
    """Give when the rule last fired for the target."""
    return answer.decisions[-1].time if answer.decisions else None
