"""Turns: each offer has its own answer, time passes where something waits for it, and nothing is left hanging."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import Engine
from selfheal_rules.events import Event, State, checked
from selfheal_rules.healer import Healer
from selfheal_rules.integrations import intake as line
from selfheal_rules.integrations.intake import Full, Intake, Receipt, Repetitions
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.serve.turns import Turns
from tests.serve.rig import NOW, Clock, program


class Turning:
    """A healer that takes nothing from too far ahead, and a clock that a test moves."""

    def __init__(self, folder: Path, max_ahead: timedelta | None = timedelta(minutes=1)) -> None:
        """Wire them."""
        self.now = NOW
        self.seconds = Clock()
        engine = Engine(program(), max_ahead=max_ahead)
        self.healer = Healer(engine, FileJournal(folder / "heal.jsonl"))
        self.intake = Intake(3)
        self.turns = Turns(self.healer, self.intake, Repetitions(self.seconds), lambda: self.now)

    def types(self) -> list[str]:
        """Give the types of the inputs in the journal."""
        return [one.type for one in self.healer.journal.journal.records() if one.type in {"event", "state", "time"}]


@pytest.fixture
def turning(tmp_path: Path) -> Turning:
    """Give them."""
    return Turning(tmp_path)


def _node(power: str, time: datetime, node: str = "n1") -> State:
    item = State("node.power", "test", time, {"node": node, "power": power})
    checked(item, program().vocabulary)
    return item


def test_what_comes_after_a_silence_is_not_of_the_future(turning: Turning) -> None:
    """However long nothing came, what is said now counts; only a clock that is ahead of ours is not believed."""
    for minutes, power in ((0, "on"), (30, "off")):
        turning.now = NOW + timedelta(minutes=minutes)
        turning.intake.offer([_node(power, turning.now)])
        turning.turns.turn(0.0)
    turning.intake.offer([_node("on", turning.now + timedelta(minutes=5))])
    turning.turns.turn(0.0)
    assert ["off"] == [one.fields["power"] for one in turning.healer.course.engine.states("node.power")]


def test_what_is_ahead_of_time_is_told(turning: Turning) -> None:
    """The answer counts it, and whoever asked to hear of it does; it is recorded, and no rule sees it."""
    heard: list[object] = []
    turning.turns.ahead = heard.extend
    late = _node("off", NOW + timedelta(minutes=5), "n2")
    answer = turning.intake.offer([_node("on", NOW), late])
    turning.turns.turn(0.0)
    assert (Receipt(2, 0, 1), [late]) == (answer.result(), heard)


@pytest.mark.parametrize("minutes", [-30, 5, 40_000_000])
def test_a_new_journal_does_not_believe_any_time(turning: Turning, minutes: int) -> None:
    """What comes first is late, or ahead, by our clock as all else is; and what comes next at its time counts."""
    turning.intake.offer([_node("on", NOW + timedelta(minutes=minutes), "n9")])
    turning.turns.turn(0.0)
    turning.intake.offer([_node("off", NOW)])
    turning.turns.turn(0.0)
    assert (NOW, ["n1"]) == (
        turning.healer.course.engine.now,
        [
            one.fields["node"]
            for one in turning.healer.course.engine.states("node.power")
            if one.fields["power"] == "off"
        ],
    )


def test_time_is_recorded_where_something_waits_for_it(turning: Turning) -> None:
    """An idle turn writes nothing, until the engine is half of `max_ahead` behind."""
    turning.intake.offer([_node("on", NOW)])
    for seconds in (0, 10, 20, 31, 40, 62):
        turning.now = NOW + timedelta(seconds=seconds)
        turning.turns.turn(0.0)
    assert ["time", "state", "time", "time"] == turning.types()


def _missed(turning: Turning) -> list[str]:
    records = turning.turns.healer.journal.journal.records()
    return [one.data["why"].partition(",")[0] for one in records if one.type == "control"]


def test_a_process_that_was_suspended_hears_first_what_is_so(turning: Turning) -> None:
    """It turns every second; where it did not for more than a minute, all is left alone until it has listened."""
    turning.intake.offer([_node("on", NOW)])
    for seconds in (0, 50, 110, 410, 420):
        turning.now = NOW + timedelta(seconds=seconds)
        turning.turns.turn(0.0)
    assert ["nobody listened for 5m"] == _missed(turning)


def test_nothing_is_missed_between_two_healers_of_one_process(tmp_path: Path) -> None:
    """Other rules come in after a quiet night, in which the engine was told no time."""
    turning = Turning(tmp_path, max_ahead=None)
    turning.intake.offer([_node("on", NOW)])
    for minutes in range(10):
        turning.now = NOW + timedelta(minutes=minutes)
        turning.turns.turn(0.0)
    turning.healer.close()
    turning.turns.hand_over(Healer(Engine(program()), FileJournal(tmp_path / "heal.jsonl")))
    turning.intake.offer([_node("off", turning.now)])
    turning.turns.turn(0.0)
    assert [] == _missed(turning)


def test_an_offer_that_does_not_fit_keeps_no_other_out(turning: Turning) -> None:
    """Each is held against the rules by itself: one is refused, one is taken."""
    strange = Event("x", "unheard.of", "test", NOW, {})
    bad, good = turning.intake.offer([strange, _node("on", NOW)]), turning.intake.offer([_node("off", NOW)])
    turning.turns.turn(0.0)
    with pytest.raises(EventError, match=r"unheard\.of"):
        bad.result(0)
    assert Receipt(1, 0) == good.result(0)
    assert ["time", "state"] == turning.types()


def test_a_line_that_is_closed_takes_no_more_and_is_drained(turning: Turning) -> None:
    """What was in it is answered; what was not is told so."""
    first = turning.intake.offer([_node("on", NOW)])
    turning.turns.drain()
    assert Receipt(1, 0) == first.result(0)
    with pytest.raises(Full, match="stopping"):
        turning.intake.offer([])


def test_who_waits_in_a_line_that_is_given_up_is_told(turning: Turning) -> None:
    """Nobody waits for ever for a healer that is gone."""
    first = turning.intake.offer([_node("on", NOW)])
    turning.intake.abandon()
    with pytest.raises(Full, match="ended before"):
        first.result(0)


def test_what_is_remembered_is_bounded(turning: Turning, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten, and are then no repetitions; what has no id or key is none either."""
    monkeypatch.setattr(line, "_REMEMBERED", 2)
    repetitions = Repetitions(turning.seconds)
    items = [_node("on", NOW, f"n{number}") for number in range(3)]
    assert items == repetitions.fresh(items)
    assert [items[0]] == repetitions.fresh([items[0], items[2]])
    assert [NOW, NOW] == repetitions.fresh([NOW, NOW])


def test_two_of_one_batch_are_one(turning: Turning) -> None:
    """A repetition is one in the batch of its first, too."""
    first, second = (turning.intake.offer([_node("on", NOW)]) for _ in range(2))
    turning.turns.turn(0.0)
    assert (Receipt(1, 0), Receipt(0, 1)) == (first.result(0), second.result(0))


def test_after_a_batch_others_join_the_next(turning: Turning, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several came at once, a turn lingers for those behind the first; where one came alone, it does not."""
    late = iter([_node("on", NOW, "late")])
    monkeypatch.setattr(line, "time", SimpleNamespace(sleep=lambda _: turning.intake.offer(late)))
    turns = []
    for nodes in (["a"], ["b", "c"], ["d"]):
        for node in nodes:
            turning.intake.offer([_node("on", NOW, node)])
        before = turning.types().count("state")
        turning.turns.turn(0.0)
        turns.append(turning.types().count("state") - before)
    assert [1, 2, 2] == turns
