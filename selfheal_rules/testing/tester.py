"""Tests of rules in Python: one engine on a virtual clock, given and asked in the words files of tests have."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

from attrs import evolve

from selfheal_rules.decide.decision import Decision
from selfheal_rules.diagnostics import EventError, RuleSetError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State, checked, frozen_time
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from selfheal_rules.testing.cases import ALSO, START, Also, Case, Input, Side, Step, Wanted
from selfheal_rules.testing.compare import difference, side_of
from selfheal_rules.testing.doubts import doubted
from selfheal_rules.testing.items import Items
from selfheal_rules.testing.payloads import Payloads
from selfheal_rules.testing.programs import Known, load_rulesets, site_of
from selfheal_rules.testing.report import text
from selfheal_rules.testing.results import Failure, Result
from selfheal_rules.testing.runner import GIVEN, CannotGoOn, Player, Unobserved
from selfheal_rules.testing.steps import read_held, read_why_not
from selfheal_rules.testing.variants import PLAIN
from selfheal_rules.testing.verdicts import differs, held_failure, under, unexpected
from selfheal_rules.testing.wanted import read_wanted
from selfheal_rules.values import FrozenMap, Value
from selfheal_rules.vocabulary import parse_duration, write_duration

Given: TypeAlias = Event | State | Mapping[str, Any]
"""An item, or an input in the words of a file of tests: `{"event": "host.lost", "with": {"host": "c1"}}`."""

SETTINGS = ("max_age", "max_ahead")
_PYTHON = Source("<python>", "")


class RuleTester:
    """
    A case, told step by step; what is not as expected is an `AssertionError` that says what came instead, and why.

    .. code-block:: python

        t = RuleTester("rulesets/compute-host-failure")
        t.at("0s", {"event": "host.lost", "with": {"host": "c1", "recoverable": True}})
        t.expect()

    What was decided is complete: before time goes on after a check, and when the tester is left (`with`, or `done`),
    nothing may be left that no check has named. `also` plays all of it again under those circumstances as it is left.

    Args:
        rules: a folder with a `rules.yaml`, or a file of rules; several as a list.
        policy: `enforce` (the default), `shadow`, a file, a mapping of a policy's keys, or a `Policy`.
        params: what parameters of the rule sets are set to.
        start: when the virtual clock starts.
        also: circumstances under which decisions must be the same, such as `crash_each_step`.
        settings: `max_age` and `max_ahead` of the engine.

    Raises:
        RuleSetError: with every finding on rules, policy or parameters; by each method, on what it was given.
        ValueError: for a word of `also` or of the settings that there is not, or a start without its zone.
    """

    def __init__(
        self,
        rules: str | Path | Iterable[str | Path],
        *,
        policy: str | Path | Mapping[str, Any] | Policy = "enforce",
        params: Mapping[str, Any] | None = None,
        start: datetime = START,
        also: Iterable[Also] = (),
        **settings: timedelta,
    ) -> None:
        """Start with nothing seen."""
        _refuse_words(also, settings)
        findings = Findings()
        self._known = _program(rules, params or {}, findings)
        found = policy if isinstance(policy, Policy) else _policy(policy, self._known, findings)
        _raise(findings)
        self._items = Items(self._known, frozen_time(start), Payloads(Path(), (), findings))
        case = Case(
            "RuleTester",
            self._known.program,
            (),
            (),
            found,
            frozen_time(start),
            tuple(also),
            settings=FrozenMap(settings),
        )
        self._player = Player(case, PLAIN, Unobserved())
        self._waiting: list[Decision] = []
        self._checked = False

    @property
    def engine(self) -> Engine:
        """The engine, to be asked what holds and what is being dealt with."""
        return self._player.engine

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What was decided and no check has named yet."""
        return tuple(self._waiting)

    @property
    def _case(self) -> Case:
        return self._player.case

    # What happens

    def given(self, *items: Given) -> Self:
        """Say what held before the start; before anything else."""
        if self._case.steps:
            message = "`given` comes before the first `at`"
            raise ValueError(message)
        read = [one for item in items for one in self._read(item, timedelta(), given=True)]
        for one in sorted(read, key=lambda one: one.at):
            self._give(GIVEN, one)
        self._player.case = evolve(self._case, given=(*self._case.given, *read))
        return self

    def at(self, time: str | timedelta, *items: Given) -> Self:
        """Let time pass until `time` after the start, such as `90s`, then give these items."""
        at = _length(time)
        now = self._case.steps[-1].t if self._case.steps else timedelta()
        if at < now:
            message = f"time does not go back: it is {write_duration(now)} after the start"
            raise ValueError(message)
        self._refuse_rest()
        read = tuple(one for item in items for one in self._read(item, at))
        number = len(self._case.steps)
        if not number:
            self._note(lambda: self._player.pass_until(GIVEN, timedelta()))
        self._player.case = evolve(self._case, steps=(*self._case.steps, Step(at, read)))
        for one in read:
            self._note(lambda one=one: self._player.pass_until(number, one.at))
            self._give(number, one)
        self._note(lambda: self._player.pass_until(number, at))
        return self

    def advance(self, time: str | timedelta) -> Self:
        """Let so much time pass."""
        now = self._case.steps[-1].t if self._case.steps else timedelta()
        return self.at(now + _length(time))

    def _give(self, step: int, given: Input) -> None:
        try:
            self._note(lambda: self._player.give(step, given))
        except CannotGoOn as error:
            raise AssertionError(str(error)) from None

    def _note(self, call: Any) -> None:  # noqa: ANN401 - a call of the player
        before = len(self._player.played)
        call()
        self._waiting += [one for moment in self._player.played[before:] for one in moment.settled]

    def _read(self, item: Given, at: timedelta, *, given: bool = False) -> list[Input]:
        if isinstance(item, Event | State):
            return [Input(at, checked(item, self._known.vocabulary))]
        found = [*self._items.read(node_of(item), at, given=given)]
        _raise(self._items.findings)
        return found

    # What must be

    def expect(self, *wanted: Mapping[str, Any], ordered: bool = False) -> Self:
        """Hold what would be done since the last check against these: all of it, in any order unless `ordered`."""
        return self._check("expect", wanted, ordered=ordered)

    def suppressed(self, *wanted: Mapping[str, Any], ordered: bool = False) -> Self:
        """Hold what was refused for good since the last check against these."""
        return self._check("suppressed", wanted, ordered=ordered)

    def held(self, *wanted: Mapping[str, Any], ordered: bool = False) -> Self:
        """Hold what waits, for a guard or for people, since the last check against these."""
        return self._check("held", wanted, ordered=ordered)

    def holds(self, state: str, *, cleared: bool = False, **fields: Value) -> Self:
        """Hold that a state with these fields holds now, or, `cleared`, that none does."""
        node = node_of({"state": state, "with": fields, "cleared": cleared})
        held = read_held(node, self._known, self._items.findings)
        _raise(self._items.findings)
        failure = held and held_failure(held, self.engine, len(self._case.steps) - 1)
        if failure:
            self._fail(failure)
        return self

    def why_not(
        self, rule: str, target: Value = None, *, failed: str = "", miss: str | timedelta | float | None = None
    ) -> Self:
        """
        Hold that a rule has not fired for a target by now; for which reason, and by how much, where that is said.

        `failed` is a word of `explain.why_not.Answer`, or the name of a guard; `miss` a duration, or a number.
        """
        said = {"rule": rule, "target": target, "failed": failed or None, "miss": miss}
        node = node_of({name: value for name, value in said.items() if value is not None})
        doubt = read_why_not(node, self._known, self._items.findings)
        _raise(self._items.findings)
        number = self._last()
        for failure in doubted(self._case, tuple(self._player.played), doubt, number) if doubt else ():
            self._fail(failure)
        return self

    def _last(self) -> int:
        """Give the number of the latest step: one at the start, where there is none yet."""
        if not self._case.steps:
            self.at(timedelta())
        return len(self._case.steps) - 1

    def _check(self, side: Side, wanted: Iterable[Mapping[str, Any]], *, ordered: bool) -> Self:
        items = [self._wanted(one, side) for one in wanted]
        made = [one for one in self._waiting if side_of(one) == side]
        found = difference(items, made, self._case.start, ordered=ordered)
        self._waiting = [one for one in self._waiting if side_of(one) != side]
        self._checked = True
        number = max(len(self._case.steps) - 1, 0)
        if found:
            self._fail(differs(found, self._step(), number, self._case.start))
        return self

    def _wanted(self, wanted: Mapping[str, Any], side: Side) -> Wanted:
        found = read_wanted(node_of(wanted), side, self._known, self._items.findings)
        _raise(self._items.findings)
        return found or Wanted(FrozenMap(), side)

    def _step(self) -> Step:
        return self._case.steps[-1] if self._case.steps else Step(timedelta())

    def _refuse_rest(self) -> None:
        """Refuse to go on where a check has not named all there was."""
        if self._checked and self._waiting:
            self._leave()
        self._checked = False

    def _leave(self) -> None:
        left, self._waiting = self._waiting, []
        if left:
            self._fail(unexpected(left, self._case))

    def _fail(self, failure: Failure) -> None:
        raise AssertionError("\n" + text(Result(self._case, "failed", (failure,), tuple(self._player.played))))

    # The end

    def done(self) -> None:
        """End the case: nothing is left that no check has named, and `also` changes nothing."""
        self._leave()
        for name in self._case.also:
            failures, _ = under(name, self._case, tuple(self._player.played))
            for failure in failures:
                self._fail(failure)

    def __enter__(self) -> Self:
        """Give the tester."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """End the case, unless it has failed already."""
        if kind is None:
            self.done()


def _refuse_words(also: Iterable[str], settings: Mapping[str, timedelta]) -> None:
    """Refuse what would only be found out at the end."""
    given = [also] if isinstance(also, str) else also
    for words, known, what in ((given, ALSO, "circumstance"), (settings, SETTINGS, "setting")):
        for word in words:
            if word not in known or also is word:
                cure = "give a list" if word in known else did_you_mean(word, known)
                message = f"`{word}` is no {what if word not in known else 'list of circumstances'}; {cure}"
                raise ValueError(message)


def _length(time: str | timedelta) -> timedelta:
    if isinstance(time, str | timedelta):
        return parse_duration(time) if isinstance(time, str) else time
    message = f"a time is a text such as `90s`, or a timedelta, not {time!r}"
    raise TypeError(message)


def _raise(findings: Findings) -> None:
    if findings.found:
        report = findings.report()
        findings.found.clear()
        raise RuleSetError(report)


def _program(rules: str | Path | Iterable[str | Path], params: Mapping[str, Any], findings: Findings) -> Known:
    paths = [rules] if isinstance(rules, str | Path) else [*rules]
    if not paths:
        message = "no rules were given"
        raise ValueError(message)
    place = node_of("")
    programs = load_rulesets([node_of(str(path)) for path in paths], Path(), place, findings)
    values = programs.values(node_of(dict(params)), findings) if programs else FrozenMap()
    known = programs.under(values, place, findings) if programs else None
    _raise(findings)
    return cast("Known", known)  # what keeps it from being made is a finding


def _policy(policy: str | Path | Mapping[str, Any], known: Known, findings: Findings) -> Policy | None:
    named = policy if isinstance(policy, Mapping) else str(policy)
    return site_of(node_of(named), Path(), known, findings)[0]


def node_of(value: Any) -> Node:  # noqa: ANN401 - any plain value
    """
    Give a Python value as the node a file of tests would have in its place.

    Raises:
        EventError: where YAML has no such value.
    """
    place = (_PYTHON, (1, 1), (1, 1))
    if isinstance(value, Mapping):
        names = {str(name): inner for name, inner in value.items()}
        keys = {name: ScalarNode(*place, name, name, plain=True) for name in names}
        return MapNode(*place, {name: node_of(inner) for name, inner in names.items()}, keys)
    if isinstance(value, list | tuple):
        return ListNode(*place, [node_of(inner) for inner in value])
    if isinstance(value, timedelta):
        return node_of(write_duration(value))
    if isinstance(value, datetime):
        return node_of(value.isoformat())
    if value is None or isinstance(value, str | int | float | bool):
        return ScalarNode(*place, value, "null" if value is None else str(value), plain=True)
    message = f"a value of type {type(value).__name__} has no place in a test"
    raise EventError(message)
