"""No order of what happens makes guards let too much through; held against a reckoning from the decisions alone."""

from typing import Any, TypeAlias

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from selfheal_rules.decide import Decision
from tests.guards.rig import AZONE, DRAIN, FENCED, FREE, LOST, PAGE, START, Site, rule

HOSTS = ("h0", "h1", "h2", "h3", "ctl")
ZONES = {"h0": "a", "h1": "a", "h2": "b", "h3": "b", "ctl": "b"}
WINDOW, MOST, LEASE, DEADLINE = 300, 1, 900, 60
PATIENCE, MOMENT = 150, 60
ENABLE = DRAIN.replace("disable", "enable")
RULES = (
    rule(AZONE, f"[{FENCED}]", "{limit: 9, per: 1h}", "{cooldown: 1m}", more=f"outcome: {PAGE}")
    + rule(LOST, DRAIN, "{attempts: 3, per: 10m}", name="lost")
    + rule("{as: e, event: beat}", ENABLE, "{max_in_flight: 2}", name="beat")
)
POLICY = (
    FREE
    + f"tell_after: {PATIENCE}s\n"
    + "topology: [{state: host, within: [az]}]\n"
    + f"guards: [{{limit: {MOST}, per: {WINDOW}s, by: [az]}}]\n"
    + "protected: [{target: ctl, reason: the engine runs here}]\n"
    + "maintenance: [{state: work, target: host, at_most: 1d, owner: ops, reason: disks}]\n"
    + "conflicts: [[compute.fence, compute.disable_service, compute.enable_service]]\n"
)
Op: TypeAlias = tuple[str, str, float]

OPS = st.tuples(
    st.sampled_from(
        ("alarm", "calm", "lost", "beat", "off", "on", "work", "idle", "done", "failed", "kill", "resume", "pause",
         "go", "time", "crash", "touch", "release", "rules")
    ),
    st.sampled_from(HOSTS),
    st.sampled_from((0, 0.5, 1, 20, 59.5, 61, 200, 301, 901)),
)  # fmt: skip


@define(eq=False)
class World:
    """What happened outside, and what may be under way because of it, reckoned without the engine."""

    site: Site
    rules: str
    now: float = 0
    working: dict[str, None] = field(factory=dict)
    off: dict[str, None] = field(factory=dict)
    paused: dict[str, None] = field(factory=dict)
    killed: bool = False
    allowed: list[tuple[float, str, Decision]] = field(factory=list)
    running: dict[str, tuple[float, Decision]] = field(factory=dict)
    """Target → when what is under way on it ends by itself."""
    early: dict[str, None] = field(factory=dict)
    """The targets that were off before what is under way on them began: only its outcome tells its end."""

    def play(self, op: Op) -> None:
        """Let one thing happen, and judge all that is decided on the way."""
        name, host, wait = op
        self.now += wait
        before = len(self.site.decisions)
        self.site.until(self.now)
        self._judge(before)
        before = len(self.site.decisions)
        self._act(name, host)
        self._judge(before)

    def _act(self, name: str, host: str) -> None:
        site, now = self.site, self.now
        acts: dict[str, Any] = {
            "alarm": lambda: site.state("alarm", now, host, az=ZONES[host]),
            "calm": lambda: site.state("alarm", now, host, gone=True),
            "lost": lambda: site.event("lost", now, host),
            "beat": lambda: site.event("beat", now, host),
            "off": lambda: self._power(host, "off"),
            "on": lambda: self._power(host, "on"),
            "work": lambda: self._work(host, gone=False),
            "idle": lambda: self._work(host, gone=True),
            "done": lambda: self._answer(host, "done"),
            "failed": lambda: self._answer(host, "failed"),
            "kill": lambda: self._kill(killed=True),
            "resume": lambda: self._kill(killed=False),
            "pause": lambda: self._pause(host, "pause"),
            "go": lambda: self._pause(host, "resume"),
            "release": lambda: site.say("release", now, host),
            "touch": lambda: site.say("stand_down", now, host, until=now + 100),
            "crash": site.restart,
            "rules": lambda: self._change(host),
            "time": lambda: None,
        }
        acts[name]()

    def _power(self, host: str, power: str) -> None:
        self.off.pop(host, None)
        if power == "off":
            self.off[host] = None
            self._end(host, "compute.fence")
        self.site.state("power", self.now, host, power=power)

    def _work(self, host: str, *, gone: bool) -> None:
        self.working.pop(host, None) if gone else self.working.setdefault(host)
        self.site.state("work", self.now, host, gone=gone)

    def _kill(self, *, killed: bool) -> None:
        self.killed = killed
        self.site.say("kill" if killed else "resume", self.now)

    def _change(self, host: str) -> None:
        """Go on under other rules: they are changed, or one of them is gone, or they are what they were."""
        lost = self.rules.rindex("  - id: lost")
        changed = {
            "h0": self.rules.replace("per: 10m", "per: 11m"),
            "h1": self.rules.replace("cooldown: 1m", "cooldown: 2m"),
        }
        changed |= {"h2": self.rules[:lost], "h3": self.rules[lost:]}
        self.site.change(changed.get(host, self.rules))

    def _pause(self, host: str, act: str) -> None:
        self.paused.pop(host, None) if act == "resume" else self.paused.setdefault(host)
        self.site.say(act, self.now, f"target:{host}")

    def _answer(self, host: str, status: str) -> None:
        if host in self.running:
            _, decision = self.running[host]
            if status == "failed" or decision.action != "compute.fence" or host in self.early:
                del self.running[host]
            place = self.site.decisions[::-1].index(decision)
            self.site.answer(self.now, status, back=place)

    def _end(self, host: str, action: str) -> None:
        if host in self.running and self.running[host][1].action == action and host not in self.early:
            del self.running[host]

    def _judge(self, before: int) -> None:
        for decision in self.site.decisions[before:]:
            if decision.verdict.status == "allowed" and decision.action != "notify":
                self._let_through(decision, (decision.time - START).total_seconds())

    def is_told(self) -> None:
        """See that nothing is held for long, and longer than its guard has said, that people are not told of."""
        waiting = [one for one in self.site.engine.episodes() if one.is_open and one.state == "open"]
        for last in (step.decision for one in waiting for step in one.steps if step.state == "held"):
            assert last is not None
            said = (one for one in self.site.decisions if (one.id, one.attempt) == (last.id, last.attempt))
            since = (next(said).time - START).total_seconds()
            until = (last.verdict.retry_at - START).total_seconds() + MOMENT if last.verdict.retry_at else 0
            assert self.now < max(since + PATIENCE, until), last

    def _let_through(self, decision: Decision, at: float) -> None:
        host = str(decision.target)
        assert host != "ctl"
        assert not self.killed
        assert host not in self.working
        assert host not in self.paused
        ends, other = self.running.get(host, (0, None))
        assert ends <= at, f"{other} was under way"
        self.allowed.append((at, host, decision))
        late = {one for when, one, _ in self.allowed if at - WINDOW < when <= at and ZONES[one] == ZONES[host]}
        assert len(late) <= MOST
        fenced = decision.action == "compute.fence"
        self.running[host] = (at + (DEADLINE if fenced else LEASE), decision)
        self.early.pop(host, None)
        if fenced and host in self.off:
            self.early[host] = None


def _world(rules: str = RULES, policy: str = POLICY) -> World:
    site = Site(rules, policy)
    for host, zone in ZONES.items():
        site.state("host", 0, host, az=zone, status="up")
    return World(site, rules)


@settings(max_examples=300, deadline=None)
@given(st.lists(OPS, max_size=60))
def test_no_interleaving_exceeds_a_limit_or_touches_what_it_must_not(ops: list[Op]) -> None:
    """
    Events, timers, outcomes, controls, crashes and changes of rules in any order.

    Never more than the limit in its window, nothing on what is protected, paused or worked on, nothing while everything
    is stopped, and never two actions on one target at once; and people are told of what waits for long.
    """
    world = _world()
    for op in ops:
        world.play(op)
        world.is_told()


@settings(max_examples=80, deadline=None)
@given(st.lists(OPS, max_size=40))
def test_a_crash_changes_no_decision(ops: list[Op]) -> None:
    """An engine that is written and read back before each input decides what one that never stopped does."""
    steady, shaken = _world(), _world()
    for op in ops:
        if op[0] != "crash":
            steady.play(op)
            shaken.site.restart()
            shaken.play(op)
    told = [[(one.id, one.attempt, one.at, one.verdict) for one in world.site.decisions] for world in (steady, shaken)]
    assert told[0] == told[1]
