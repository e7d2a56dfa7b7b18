"""Random sites: rules with guards that look beyond a host, a policy over them, and people who say things meanwhile."""

import re
from datetime import datetime
from random import Random

from attrs import evolve, frozen

from selfheal_rules.decide.control import Act
from selfheal_rules.events import Event, State
from selfheal_rules.values import FrozenMap
from tests.generate.cases import Case
from tests.generate.joined import RULE, joined_case
from tests.generate.rules import FIELDS
from tests.generate.streams import Answer, Input, moment

ZONED = (
    "{limit: 1, per: 4s, by: [ALIAS.level]}",
    "{cooldown: 3s, by: [ALIAS.level]}",
    "{max_in_flight: 1, by: [ALIAS.level]}",
    "{min_healthy: 50%, of: {state: node, where: {n: {at_least: 1}}}, by: [ALIAS.level]}",
)
"""Guards that go by what a host is in."""
OWN = (
    "{cooldown: 4s}",
    "{attempts: 2, per: 8s}",
    "{lock: [ALIAS.host]}",
    "{flap: 2, per: 9s}",
    "{backoff: 2s, cap: 8s}",
)
"""Guards that go by a target."""
WIDE = (
    "{limit: 2, per: 5s}",
    "{max_in_flight: 1}",
    "{breaker: 1, per: 9s, for: 4s}",
    "{approval: 1, for: 6s}",
    "{min_healthy: 1, of: {state: node, where: {level: {at_least: mid}}}}",
    "{max_percent: 60%, of: {state: node}}",
    "{storm: 2, of: {state: node, where: {level: low}}, for: 2s}",
)
"""Guards that go by nothing: they count over all."""
HEAD = "selfheal_policy: 1\npolicy: site\n"
MODES = (
    "mode: enforce\nautonomy: [{grade: auto}]\ntell_after: 3s\nsettle: 2s\n",
    "mode: enforce\nautonomy: [{action: compute.disable_service, grade: approve, for: 8s}, {grade: auto}]\n",
    "mode: enforce\n",
    "mode: shadow\n",
    "mode: shadow\nrulesets: [{ruleset: second, mode: enforce}]\nautonomy: [{grade: auto}]\n",
    "mode: enforce\nkill_switch: true\ntell_after: 5s\n",
)
NIGHT = "{name: night, targets: [a], days: [wed], from: '23:00', to: '00:01', zone: UTC, until: 2027-01-01"
SETTINGS = (
    "protected: [{target: b, reason: it runs the engine}]\n",
    "topology: [{state: node, within: [level]}]\nguards: [{limit: 1, per: 6s, by: [level]}, {cooldown: 3s}]\n",
    "guards: [{limit: 2, per: 8s}, {max_in_flight: 2, action: 'compute.st*'}]\n",
    "guards: [{min_healthy: 1, of: {state: node, where: {n: {at_least: 1}}}}]\n",
    "guards: [{storm: 2, of: {state: trouble}, for: 2s}]\n",
    "maintenance: [{state: disk, target: host, at_most: 1h, owner: ops, reason: disks}]\n",
    f"maintenance: [{NIGHT}, owner: ops, reason: night}}]\n",
    "stand_down: [{event: fail, where: {level: high}, target: host, for: 4s}]\n",
    "observers: [{source: m1, silent: 6s}]\n",
    "conflicts: [[compute.disable_service, compute.start_server, noop]]\n",
)
SAID: tuple[Act, ...] = (
    "kill", "resume", "resume", "pause", "approve", "approve", "approve", "refuse", "stand_down", "release", "policy"
)  # fmt: skip
SUBJECTS = ("target:a", "action:compute.dis*", "rule:generated/act0", "ruleset:second")
GENTLE = {"fence": '"compute.disable_service"', "restart": '"compute.start_server"'}
"""What takes the place of what a site lets nobody do without limit, confirmation and outcome."""
KEPT, WHOLE = 0.2, ('"conclude": "mark"', '"selfheal.')
"""How often a case is kept that has what is matched where it is decided: a conclusion of steps, a rule that hears."""
LEVELS = {"a": "low", "b": "low", "c": "high"}
"""What each host is in for good."""


@frozen(repr=False)
class Said:
    """What somebody says; where it is about a decision, about the n-th so far from the last."""

    act: Act
    subject: str
    back: int
    time: datetime

    def __repr__(self) -> str:
        """Write what is said of what; when, is said beside it."""
        return f"{self.act} {self.subject or self.back}"


@frozen
class Site:
    """A case, the policy of the site if it has one, and all that is posted and said."""

    case: Case
    policy: str | None
    items: tuple[Input | Said, ...]


def site(seed: int) -> Site:
    """Give the site of a seed, most under a policy."""
    random = Random(seed)
    case = _guarded(_drawn(seed, random), random, (*WIDE, *ZONED), OWN)
    policy = _policy(random, None) if random.random() < 0.75 else None
    return Site(case, policy, tuple(_spoken(case, random, policy)))


def zoned(seed: int) -> Site:
    """Give a site without a policy whose guards go by what a host is in for good."""
    random = Random(seed)
    case = _guarded(_drawn(seed, random), random, ZONED, OWN)
    case = evolve(case, items=tuple(map(_settled, case.items)))
    return Site(case, None, case.items)


def _drawn(seed: int, random: Random) -> Case:
    """Draw a case in which something can be matched in one place and decided in another, more often than not."""
    while True:
        case = joined_case(seed)
        if random.random() < KEPT or (
            '"do"' in "".join(case.texts) and not any(w in t for w in WHOLE for t in case.texts)
        ):
            return case
        seed += 1_000_003


def _guarded(case: Case, random: Random, first: tuple[str, ...], others: tuple[str, ...]) -> Case:
    texts = (_with_guards(text, random, first, others) for text in case.texts)
    gentle = (re.sub('"(fence|restart)"', lambda found: GENTLE[found[1]], text) for text in texts)
    return evolve(case, texts=tuple(gentle))


def _with_guards(text: str, random: Random, first: tuple[str, ...], others: tuple[str, ...]) -> str:
    head, *rules = text.split(RULE)
    return RULE.join([head, *(_with_guard(rule, random, first, others) for rule in rules)])


def _with_guard(rule: str, random: Random, first: tuple[str, ...], others: tuple[str, ...]) -> str:
    target = re.search(r'"target": "\$([a-z0-9]+)\.host"', rule)
    if target is None or random.random() > 0.8:
        return rule
    plain = "\n".join(line for line in rule.splitlines() if not line.startswith("    guard: "))
    drawn = random.sample(first, random.choice((1, 1, 2))) + random.sample(others, random.choice((0, 1)))
    chosen = {one.partition(":")[0]: one for one in drawn}
    written = ", ".join(one.replace("ALIAS", f"${target[1]}") for one in chosen.values())
    return f"{plain.rstrip()}\n    guard: [{written}]\n"


def _policy(random: Random, settings: str | None) -> str:
    drawn = random.sample(SETTINGS, random.choice((0, 1, 1, 2, 3)))
    chosen = {"guards" if "guards:" in one else one.partition(":")[0]: one for one in drawn}
    return HEAD + random.choice(MODES) + ("".join(chosen.values()) if settings is None else settings)


def _spoken(case: Case, random: Random, policy: str | None) -> list[Input | Said]:
    """Have people say something now and then, and executors answer."""
    items: list[Input | Said] = []
    now = moment(0)
    for item in case.items:
        now = max(now, item.time)
        items.append(item)
        if random.random() < 0.15:
            items.append(_said(random, policy, now))
        if random.random() < 0.25:
            items.append(Answer(random.randrange(3), random.choice(("done", "failed", "done")), now))
    return items


def _said(random: Random, policy: str | None, now: datetime) -> Said:
    act = random.choice(SAID if policy else ("approve", "refuse", "stand_down", "release"))
    subject = {
        "pause": random.choice(SUBJECTS),
        "resume": random.choice(("", "", *SUBJECTS)),
        "stand_down": random.choice("abc"),
        "release": random.choice("abc"),
        "policy": _policy(random, _settings(policy or "")),
    }.get(act, "")
    return Said(act, subject, random.randrange(3), now)


def _settings(policy: str) -> str:
    """Give what a policy says beside the mode."""
    modes = ("autonomy", "rulesets", "kill_switch", "tell_after", "settle")
    return "".join(line for line in policy.splitlines(keepends=True)[3:] if not line.startswith(modes))


def _settled(item: Input) -> Input:
    if not isinstance(item, Event | State) or "host" not in item.fields or "level" not in FIELDS[item.kind]:
        return item
    return evolve(item, fields=FrozenMap({**item.fields, "level": LEVELS[item.fields["host"]]}))
