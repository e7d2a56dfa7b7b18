"""After a time in which nobody listened: what is so now is heard before anything is done about what was so then."""

from datetime import datetime
from pathlib import Path

import pytest

from selfheal_rules.decide import Control, Decision
from selfheal_rules.events import State
from selfheal_rules.healer import Healer
from tests.generate.streams import moment
from tests.journal.rig import Hands, enforcing, file_journal, healer, program
from tests.semantics.rig import fail, node, rule

BREAKS = "{{as: n, state: node, where: {{level: high, host: {}}}, for: 30s}}"
ACTS = ("compute.fence", "compute.disable_service")
WELL = "{none: [{state: node, where: {host: $n.host, level: high}}]}"
CONFIRM = "confirm: {none: [{state: node, where: {host: $n.host}}], within: 1m}"
ENDS = f"outcome: {{healthy: {WELL}, within: 10m, else: [{{do: notify, target: $n.host}}]}}"
RULES = program(
    rule(
        BREAKS.format("a"),
        f"[{{do: compute.fence, target: $n.host, {CONFIRM}}}]",
        name="fells",
        more=f"guard: [{{limit: 9, per: 1h}}]\n{ENDS}",
    )
    + rule(BREAKS.format("[b, c]"), "[{do: compute.disable_service, target: $n.host}]", name="closes")
)
"""Node a is to be fenced, another one closed."""
SETTLED = 600 + 120 + 600
"""Found broken at 0 and gone on from at 600: two minutes to listen, and the ten of `settle` for what is destructive."""


class Restarted:
    """A healer that knew of two broken nodes when it ended, and another that goes on from its journal."""

    def __init__(self, folder: Path, hands: Hands | None = None) -> None:
        """Have it end as soon as they broke."""
        self.folder, self.hands = folder, hands or Hands(ACTS)
        self.healer = self._healer()
        self.at(0, node(0, level="high"), node(0, host="b", level="high"))
        self.healer.close()
        self.healer = self._healer()

    def _healer(self) -> Healer:
        return healer(file_journal(self.folder), self.hands, engine=enforcing(RULES))

    def at(self, second: float, *items: State | Control) -> list[Decision]:
        """Have it go on at an instant."""
        batch: list[State | Control | datetime] = [moment(second), *items]
        return self.healer.take(batch)

    def said(self, second: float, *items: State | Control) -> list[str]:
        """Give what it said then: the guard that speaks against it, or that nothing does."""
        return [_short(one) for one in self.at(second, *items)]


def _short(decision: Decision) -> str:
    against = "" if decision.verdict.status == "allowed" else f" {decision.verdict.guard}"
    return decision.action.removeprefix("compute.") + against


def test_what_is_well_again_by_now_is_left_alone(tmp_path: Path) -> None:
    """It became due while nobody listened, and the first to be heard of it says that it is over."""
    site = Restarted(tmp_path)
    assert ["fence stand_down", "disable_service stand_down"] == site.said(600)
    site.at(630, node(630, level="low"), node(630, host="b", level="low"))
    site.at(SETTLED + 60)
    assert [] == site.hands.calls


def test_what_is_still_so_is_healed_once_that_was_heard(tmp_path: Path) -> None:
    """All waits until sources have been heard, and what is destructive as long as after planned work."""
    site = Restarted(tmp_path)
    (fence, _) = site.at(600)
    why = (
        "all is left alone until `*` is released: healer: nobody listened for 10m, and what became of things meanwhile"
    )
    assert f"{why} is not known yet" == fence.verdict.reason
    assert ["fence settle", "disable_service"] == site.said(721)
    assert ["fence"] == site.said(SETTLED)
    assert ["disable_service b#1", "fence a#1"] == site.hands.calls


def test_what_breaks_after_it_waits_as_well(tmp_path: Path) -> None:
    """What was said of it a minute ago may rest on what was so an hour ago; so may what others did about it."""
    site = Restarted(tmp_path)
    site.at(600, node(600, host="c", level="high"))
    assert ["disable_service stand_down"] == site.said(631)


@pytest.mark.parametrize(("second", "guard"), [(60, ""), (61, " stand_down")])
def test_a_restart_is_no_absence(tmp_path: Path, second: int, guard: str) -> None:
    """A minute is what it takes to install another version; nothing waits for that."""
    assert [f"fence{guard}", f"disable_service{guard}"] == Restarted(tmp_path).said(second)


def test_a_person_who_knows_has_it_go_on(tmp_path: Path) -> None:
    """It is a stand-down of everything like any other, and is released like one."""
    site = Restarted(tmp_path)
    site.at(600)
    said = Control("release", "ann", "I have looked", moment(605), "*")
    assert ["fence", "disable_service"] == site.said(605, said)


def test_what_was_allowed_before_it_is_not_carried_out_after_it(tmp_path: Path) -> None:
    """It was right then; whoever was to carry it out ended before that."""
    first = healer(file_journal(tmp_path), engine=enforcing(RULES))
    first.take([moment(0), node(0, level="high"), moment(31)])
    assert 1 == len(first.course.waiting)
    first.journal.close()
    hands = Hands(ACTS)
    healer(file_journal(tmp_path), hands, engine=enforcing(RULES)).take([moment(600)])
    assert [] == hands.calls


def test_it_is_recorded_with_who_and_why(tmp_path: Path) -> None:
    """Who replays the journal comes to the same decisions, and who reads it sees why nothing was done."""
    site = Restarted(tmp_path)
    site.at(600)
    (said,) = [one.data for one in site.healer.journal.journal.records() if one.type == "control"]
    assert ("stand_down", "healer", "*") == (said["act"], said["who"], said["subject"])
    assert moment(720) == datetime.fromisoformat(said["until"])


def test_only_a_journal_that_was_begun_has_been_left(tmp_path: Path) -> None:
    """The first healer of a journal was never away, whatever the time of what it hears first."""
    one = healer(file_journal(tmp_path), Hands(("compute.disable_service",)))
    assert ["allowed"] == [decision.verdict.status for decision in one.take([fail(100_000)])]


def test_what_was_too_old_by_then_is_told(tmp_path: Path) -> None:
    """Nobody had it in hand, so nobody knows: an event of the time before is too late, and people hear of that."""
    told = f"guard: [{{limit: 9, per: 1h}}]\n{ENDS}"
    rules = program(rule("{as: n, event: fail}", f"[{{do: compute.fence, target: $n.host, {CONFIRM}}}]", more=told))
    healer(file_journal(tmp_path), engine=enforcing(rules)).close()
    first = healer(file_journal(tmp_path), engine=enforcing(rules))
    first.take([moment(0)])
    first.close()
    hands = Hands((*ACTS, "notify"))
    late = healer(file_journal(tmp_path), hands, engine=enforcing(rules))
    (fence,) = late.take([moment(300), fail(299)])
    assert ("held", "stand_down") == (fence.verdict.status, fence.verdict.guard)
    late.take([moment(430)])
    assert ["notify a#1"] == hands.calls
