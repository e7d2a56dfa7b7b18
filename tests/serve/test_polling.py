"""Pollers as sources: what changed is told once, silence clears nothing, and old knowledge is called old."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from attrs import define, field

from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.events import State
from selfheal_rules.execute.openstack.api import Api
from selfheal_rules.integrations.intake import Intake
from selfheal_rules.integrations.pollers import Watch
from selfheal_rules.integrations.polling import SWEEPS, Poller
from selfheal_rules.integrations.senders import Rates
from selfheal_rules.integrations.steady import Steady
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.serve.sources import Setting, Sources
from selfheal_rules.serving import POLLS, PollSource
from tests.serve.rig import NOW, Clock, Site, program


@define
class Cloud:
    """What a cloud would say: power of nodes, or nothing."""

    power: dict[str, str] = field(factory=lambda: {"n1": "on"})
    is_away: bool = False
    asked: int = 0

    def sweep(self, _: Api, now: datetime) -> Iterator[State]:
        """Answer, or fail as a service that is away."""
        self.asked += 1
        if self.is_away:
            message = "baremetal did not answer"
            raise ExecutorError(message, retryable=True)
        for node, power in self.power.items():
            yield State("node.power", "poller", now, {"node": node, "power": power})


@define
class Polled:
    """A poller over a cloud, a healer behind it, and the clock of both."""

    site: Site
    cloud: Cloud = field(factory=Cloud)
    now: datetime = NOW
    seconds: Clock = field(factory=Clock)
    rate: float = 1e9
    poller: Poller = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Wire them."""
        self.poller = Poller(
            "ironic_nodes@test",
            Watch(self.cloud.sweep),
            lambda: Api(None),  # type: ignore[arg-type]  # the sweep of the test asks no service
            self.site.intake,
            lambda: program().vocabulary,
            lambda: self.now,
            Rates(self.rate, self.seconds),
            Random(7),
        )

    def step(self, after: float = 0) -> float:
        """Let time pass, and ask once."""
        self.now += timedelta(seconds=after)
        with self.site.turning():
            return self.poller.step()

    def fresh(self) -> list[bool]:
        """Give what the engine holds of freshness."""
        return [bool(one.fields["fresh"]) for one in self.site.healer.course.engine.states("source.freshness")]


@pytest.fixture
def polled(tmp_path: Path) -> Polled:
    """Give a poller."""
    return Polled(Site(tmp_path))


def test_what_changed_is_told_and_nothing_else(polled: Polled) -> None:
    """The first sweep tells all, the next one only what is new; that it was made at all is told each time."""
    polled.step()
    polled.step(30)
    polled.cloud.power = {"n1": "off"}
    polled.step(30)
    assert {"node.power": 2, "source.freshness": 3} == dict(polled.site.recorded())


def test_a_cloud_that_is_away_clears_nothing_and_is_called_stale(polled: Polled) -> None:
    """After two minutes without an answer the poller is not fresh, once; the first answer makes it fresh again."""
    polled.step()
    polled.cloud.is_away = True
    told = []
    for _ in range(5):
        polled.step(60)
        told.append(polled.fresh())
    assert [[True], [False], [False], [False], [False]] == told
    assert 1 == len(polled.site.healer.course.engine.states("node.power"))
    polled.cloud.is_away = False
    polled.step(60)
    assert ([True], 0) == (polled.fresh(), polled.poller.failures)
    assert 3 == polled.site.recorded()["source.freshness"]


def test_one_that_never_answered_becomes_stale(polled: Polled) -> None:
    """Stale counts from the beginning where there was no answer yet."""
    polled.cloud.is_away = True
    polled.step()
    polled.step(119)
    assert [] == polled.fresh()
    polled.step(1)
    assert [False] == polled.fresh()


def test_waits_are_jittered_by_their_seed(polled: Polled) -> None:
    """Within ten per cent here, never the same twice, and the same in every run of one seed."""
    waits = [polled.step(30) for _ in range(20)]
    assert 20 == len({*waits})
    assert all(27 <= wait <= 33 for wait in waits)
    again = Random(7)
    assert [30 + again.uniform(-3, 3) for _ in waits] == waits


def test_failing_ones_come_further_apart(polled: Polled) -> None:
    """Twice as far each time, up to eight times."""
    polled.cloud.is_away = True
    assert [60, 120, 240, 240] == [round(polled.step(30), -1) // 10 * 10 for _ in range(4)]


def test_a_cloud_is_asked_no_more_often_than_its_rate(tmp_path: Path) -> None:
    """Past the rate a poller waits for its turn, and asks nothing meanwhile."""
    polled = Polled(Site(tmp_path), rate=0.5)
    assert [True, False] == [polled.step() > 20, polled.step() > 20]
    assert 1 == polled.cloud.asked


def test_nothing_that_changed_is_lost_in_a_full_line(polled: Polled) -> None:
    """What a sweep found is offered until it is taken, before anything else is asked."""
    polled.poller.intake = Intake(1)
    polled.poller.intake.offer([])
    assert [0.5, 0.5] == [polled.poller.step(), polled.poller.step()]
    assert 1 == polled.cloud.asked
    polled.poller.intake = polled.site.intake
    polled.step()
    assert {"node.power": 1, "source.freshness": 1} == dict(polled.site.recorded())


def test_what_fits_no_kind_costs_itself_alone(polled: Polled, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and told without what it says, and the rest of the sweep is taken."""
    polled.cloud.power = {"n1": "on", "n2": HELD, "n3": "on"}
    polled.step()
    assert {"node.power": 2, "source.freshness": 1} == dict(polled.site.recorded())
    assert {"malformed": 1} == polled.poller.problems
    assert ["poller ironic_nodes@test: a `node.power` does not fit its kind (power)"] == caplog.messages


def test_every_sweep_has_a_name() -> None:
    """The configuration can ask for each."""
    assert POLLS == tuple(SWEEPS)


def test_a_thread_outlives_what_its_step_raises() -> None:
    """A fault is counted and the step called again; stopping ends it."""
    called: list[int] = []
    done = threading.Event()

    def step() -> float:
        called.append(1)
        if len(called) == 1:
            raise OSError
        done.set()
        return 60.0

    steady = Steady("x", step)
    steady._wait_after_fault = 0.0
    steady.start()
    assert done.wait(10)
    steady.stop()
    assert (2, 1) == (len(called), steady.faults)


def test_a_cloud_that_no_configuration_names_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poller of a configuration fails by name, sweep after sweep, and its knowledge is called old."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    site, sources = Site(tmp_path), Sources()
    now = [NOW]
    reader = Reader(program().vocabulary, lambda: now[0])
    setting = Setting(tmp_path, site.intake, lambda: reader, lambda: now[0], site.clock)
    sources.add(PollSource(("nova_services", "ironic_nodes"), "nowhere", rate=6000), setting)
    with site.turning():
        for _ in range(2):
            for one in sources.every.values():
                assert isinstance(one, Steady)
                one.step()
            now[0] += timedelta(minutes=3)
            site.clock.seconds += 180
    assert {"nova_services@nowhere": 2, "ironic_nodes@nowhere": 2} == {
        name: failing() for name, failing in sources.failing.items()
    }
    assert [False, False] == [one.fields["fresh"] for one in site.healer.course.engine.states("source.freshness")]


def test_what_a_cloud_answers_out_of_its_form_is_a_failure(polled: Polled, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks a sweep is named by its kind alone, and counts."""

    def broken(_: Api, __: datetime) -> Iterator[State]:
        raise KeyError(HELD)

    polled.poller.watch = Watch(broken)
    polled.step()
    assert 1 == polled.poller.failures
    assert ["poller ironic_nodes@test: broke off with KeyError"] == caplog.messages


HELD = "what it was called with"
