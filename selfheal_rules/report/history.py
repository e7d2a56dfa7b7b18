"""What an engine did, gathered as it does it: decisions, episodes, outcomes and what people said."""

from collections.abc import Iterable
from datetime import datetime

from attrs import define, field

from selfheal_rules.compile import Program
from selfheal_rules.decide import Control, Decision, Outcome
from selfheal_rules.decide.history import EpisodeView, Turn
from selfheal_rules.engine import Engine
from selfheal_rules.report.rows import EvidenceTable, Origin, Row, said, text, texts
from selfheal_rules.report.rules import rule_rows
from selfheal_rules.values import microseconds
from selfheal_rules.wording import clean


@define
class History:
    """
    Rows of a page, growing with a run; times are microseconds since 1970.

    `unit` says what `origin` counts: lines of an input, or records of a journal. `stopped` says why everything is
    stopped where the history ends, `unseen` what a journal holds that is not on the page.
    """

    origin: Origin
    unit: str = "line"
    rules: dict[tuple[str, str], Row] = field(factory=dict)
    decisions: list[Row] = field(factory=list)
    episodes: dict[str, Row] = field(factory=dict)
    controls: list[Row] = field(factory=list)
    evidence: EvidenceTable = field(factory=EvidenceTable)
    inputs: int = 0
    first: int | None = None
    last: int | None = None
    stopped: str = ""
    unseen: str = ""
    _order: list[Row] = field(factory=list)
    _reasons: dict[str, list[int]] = field(factory=dict)
    _latest: dict[str, list[int]] = field(factory=dict)

    def follow(self, engine: Engine) -> None:
        """Gather what an engine does from now on, and what it is dealing with already."""
        self.program(engine.program)
        for view in engine.episodes():
            if view.id not in self.episodes:
                self._found(view)
        engine.follow_episodes(self.turned)

    def program(self, program: Program) -> None:
        """Take the rules that decide from now on; one that was there before and is no more stays, marked so."""
        found = rule_rows(program.rulesets)
        for name, row in self.rules.items():
            if name not in found:
                row["gone"] = True
        for name, row in found.items():
            self.rules[name] = {**row, "number": self.rules.get(name, {"number": len(self.rules)})["number"]}

    # What comes about

    def take(self, decisions: Iterable[Decision], now: datetime | None) -> None:
        """Take what an input led to; `now` is the time of the engine after it."""
        self.inputs += 1
        if now is not None:
            self.last = microseconds(now)
            self.first = self.last if self.first is None else self.first
        for decision in decisions:
            self._decided(decision)

    def told(self, given: object) -> None:
        """Take what an executor or a person said."""
        if isinstance(given, Outcome):
            self._answered(given)
        elif isinstance(given, Control):
            subject = "" if given.act == "policy" else clean(given.subject)
            head = {"act": given.act, "who": clean(given.who), "why": clean(given.why), "subject": subject}
            self.controls.append(said({**head, "time": microseconds(given.time)}))

    def turned(self, turn: Turn) -> None:
        """Take a turn of an episode."""
        names = turn.ruleset, turn.rule
        row = self._episode(turn.episode, names, text_key(turn.key), text(turn.target), microseconds(turn.opened))
        if not row["turns"] or row["turns"][-1][0] != turn.state:
            row["turns"].append([turn.state, microseconds(turn.time)])

    def _episode(self, name: str, rule: tuple[str, str], key: list[str], target: str, opened: int) -> Row:
        if name not in self.episodes:
            head: Row = {"number": len(self.episodes), "id": name, "rule": self._rule(rule), "key": key}
            self.episodes[name] = {**head, "target": target, "opened": opened, "turns": []}
            self._order.append(self.episodes[name])
        return self.episodes[name]

    def _rule(self, name: tuple[str, str]) -> int:
        number: int = self.rules[name]["number"]
        return number

    def _found(self, view: EpisodeView) -> None:
        """Take an episode that was there before the history begins, with the latest word on each of its steps."""
        target = next((text(step.target) for step in view.steps if step.target is not None), "")
        opened = microseconds(view.opened)
        row = self._episode(view.id, (view.ruleset, view.rule), text_key(view.key), target, opened)
        row["turns"].append([view.state, opened])
        for step in view.steps:
            if step.decision is not None:
                self._decided(step.decision)

    def _decided(self, one: Decision) -> None:
        at = microseconds(one.time)
        names = one.ruleset, one.rule
        episode = self._episode(one.episode, names, text_key(one.key), text(one.target), at)
        if not episode["turns"]:  # nobody was told of it: it closed as it opened
            episode["turns"].append(["closed", at])
        self._latest.setdefault(one.id, []).append(len(self.decisions))
        row = {
            "number": len(self.decisions), "id": one.id, "attempt": one.attempt, "episode": episode["number"],
            "rule": episode["rule"], "step": clean(one.step), "action": clean(one.action), "target": text(one.target),
            "params": texts(one.params), "time": at, "verdict": one.verdict.status, "guard": one.verdict.guard,
            "reason": clean(one.verdict.reason), "because": self._because(one),
            "again": None if one.verdict.retry_at is None else microseconds(one.verdict.retry_at),
        }  # fmt: skip
        self.decisions.append(said(row))

    def _because(self, one: Decision) -> list[int]:
        """Give what a decision rests on: the same for all of its episode."""
        if one.episode not in self._reasons:
            self._reasons[one.episode] = [self.evidence.add(item, self.origin) for item in one.because]
        return self._reasons[one.episode]

    def _answered(self, outcome: Outcome) -> None:
        words = self._latest.get(outcome.decision_id, [])
        meant = [n for n in words if outcome.attempt in {None, self.decisions[n]["attempt"]}]
        if meant:
            row = {"status": outcome.status, "time": microseconds(outcome.time), "detail": clean(outcome.detail)}
            self.decisions[meant[-1]].setdefault("outcomes", []).append(said(row))

    # What it came to

    def is_latest(self, row: Row) -> bool:
        """Whether nothing was said of a step after this."""
        number: int = row["number"]
        return self._latest[row["id"]][-1] == number

    def state_of(self, row: Row) -> str:
        """Give the state in which the episode of a decision was left."""
        state: str = self.episode_of(row)["turns"][-1][0]
        return state

    def episode_of(self, row: Row) -> Row:
        """Give the episode of a decision."""
        return self._order[row["episode"]]


def text_key(values: Iterable[object]) -> list[str]:
    """Give the values of a key as texts."""
    return [text(value) for value in values]
