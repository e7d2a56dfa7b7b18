"""What is worked on, in hand or protected is left alone: by whomever, however spelt, and as far up as it is in."""

import re
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.guards.rig import CONFIRM, DRAIN, FREE, LOST, Site, rule

DRAINED = "[{do: compute.disable_service, target: $e.host, " + CONFIRM + "}]"
PLACED = "topology: [{state: instance, within: [host]}]\n"
WORK = "{state: mark, where: {reason: {not: masakari}}, target: host"
WORKED = f"{FREE}{PLACED}maintenance: [{WORK}, at_most: 60s, owner: ops, reason: r}}]\n"
IN_HAND = f"{FREE}{PLACED}stand_down: [{WORK}}}, {{event: touch, target: host, for: 50s}}]\n"
FEW = settings(max_examples=40, deadline=None)


class Asked:
    """A site that is asked, as often as one likes, whether anything would be done to what is on host h1."""

    def __init__(self, policy: str) -> None:
        """Start with a server on it for each question."""
        self.site = Site(rule(LOST, DRAIN), policy)
        self._ids = count()

    def is_held(self, second: float) -> bool:
        """Ask."""
        name = f"i{next(self._ids)}"
        self.site.hold("instance", second, instance=name, host="h1")
        (said,) = [one for one in self.site.event("lost", second, name) if f" {name} " in one]
        assert re.search(r" (allowed|held:maintenance|held:stand_down)@", said), said
        return "held" in said


MARKS = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["h1", "H1.example.org", "h2", ""]),
    st.sampled_from(["masakari", "disk", ""]),
)
STEPS = st.lists(st.tuples(st.integers(0, 45), st.one_of(MARKS, st.sampled_from(["a", "b", "restart"]))), max_size=12)


@FEW
@given(STEPS)
@example([(0, ("a", "h1", "masakari")), (45, "restart"), (45, ("a", "h1", "disk")), (1, "restart")])
@example([(0, ("a", "h1", "disk")), (45, ("b", "h1", "disk")), (20, "restart")])
@example([(0, ("a", "h1", ""))])
def test_g16_maintenance_is_while_any_state_may_fit_and_each_for_at_most_so_long(steps: list[Any]) -> None:
    """Each state counts from when the pattern became true of it; what is missing may fit, and may be of anything."""
    asked, now = Asked(WORKED), 0
    marks: dict[str, tuple[str | None, int]] = {}
    for wait, step in steps:
        now += wait
        if step == "restart":
            asked.site.restart()
        elif isinstance(step, str):
            asked.site.hold("mark", now, gone=True, name=step)
            marks.pop(step, None)
        else:
            id_, host, reason = step
            fields = {name: value for name, value in (("host", host), ("reason", reason)) if value}
            asked.site.hold("mark", now, name=id_, **fields)
            thing = host.lower().removesuffix(".example.org")
            before, since = marks.get(id_, (None, 0))
            marks[id_] = (thing if reason != "masakari" else None, since if before == thing else now)
        held = any(thing in {"h1", ""} and now < since + 60 for thing, since in marks.values())
        assert held == asked.is_held(now)


def test_g16_what_was_worked_on_goes_on_once_its_state_is_gone_in_time() -> None:
    """A state may go any time, so what an event led to is held, and not refused for what may last."""
    site = Site(rule(LOST, DRAIN), WORKED.replace("60s", "1d"))
    site.hold("mark", 0, name="a", host="h1")
    assert ["disable_service h1 held:maintenance@1"] == site.event("lost", 1)
    assert ["disable_service h1 allowed@99"] == site.hold("mark", 99, name="a", gone=True)


def test_g16_another_policy_of_the_same_states_begins_no_maintenance_anew() -> None:
    """What a policy says of them besides may change; which states they are has not."""
    asked = Asked(WORKED)
    asked.site.hold("mark", 0, name="a", host="h1")
    asked.site.say("policy", 40, WORKED.replace("owner: ops", "owner: bo"))
    asked.site.restart()
    assert [True, False] == [asked.is_held(59), asked.is_held(60)]


@pytest.mark.parametrize("fields", [{}, {"host": "h1"}, {"host": "H1.example.org:22", "reason": "disk"}])
def test_g17_a_state_whose_meaning_is_not_known_stands_down(fields: dict[str, Any]) -> None:
    """Without its reason it may be a person's, and without a target it may be of anything."""
    asked = Asked(IN_HAND)
    asked.site.hold("mark", 0, name="a", **fields)
    assert asked.is_held(1)
    asked.site.hold("mark", 2, name="a", host="h1", reason="masakari")
    assert not asked.is_held(3)


def test_g17_an_event_whose_meaning_is_not_known_stands_down() -> None:
    """Unless it is known to be none that counts; one without a target may be of anything."""
    site = Site(
        rule(LOST, DRAIN), f"{FREE}stand_down: [{{event: lost, where: {{az: {{not: z1}}}}, target: az, for: 9s}}]\n"
    )
    assert ["disable_service h1 held:stand_down@0"] == site.event("lost", 0)
    assert "all is left alone until `*` is released: `lost`" in site.decisions[-1].verdict.reason
    assert ["disable_service h1 allowed@1"] == site.say("release", 1, "*")
    asked = Site(
        rule(LOST, DRAIN), f"{FREE}stand_down: [{{event: ask, where: {{what: {{not: look}}}}, target: host, for: 9s}}]"
    )
    asked.event("ask", 0, "h1", what="look")
    assert ["disable_service h1 allowed@1"] == asked.event("lost", 1)
    asked.event("ask", 2, "h2")
    assert ["disable_service h2 held:stand_down@3"] == asked.event("lost", 3, "h2")


def test_g17_who_stands_down_all_has_all_in_hand() -> None:
    """Until they say otherwise, or it is over; a release of one thing is no release of all."""
    site = Site(rule(LOST, DRAIN))
    site.say("stand_down", 0, "*", until=60)
    assert ["disable_service h1 held:stand_down@1"] == site.event("lost", 1)
    assert [] == site.say("release", 2, "h1")
    site.restart()
    assert ["disable_service h1 allowed@60"] == site.until(60)


SAID = st.one_of(
    st.tuples(st.sampled_from(["ann", "bo"]), st.sampled_from(["h1", "H1.example.org "]), st.integers(-20, 90)),
    st.sampled_from(["touch", "release", "restart"]),
)


@FEW
@given(st.lists(st.tuples(st.integers(0, 30), SAID), max_size=12))
@example([(0, ("ann", "h1", 90)), (1, ("bo", "h1", 1))])
@example([(0, "touch"), (1, ("bo", "h1", 1)), (1, ("bo", "h1", -20))])
def test_g17_whoever_keeps_it_longest_counts_until_somebody_releases_it(steps: list[Any]) -> None:
    """A later word takes nothing from an earlier one, whoever says it; only `release` ends it before its time."""
    asked, now, end = Asked(IN_HAND), 100, 0
    for wait, step in steps:
        now += wait
        if step == "restart":
            asked.site.restart()
        elif step == "touch":
            asked.site.event("touch", now, "h1")
            end = max(end, now + 50)
        elif step == "release":
            asked.site.say("release", now, "h1.")
            end = 0
        else:
            asked.site.say("stand_down", now, step[1], who=step[0], until=now + step[2])
            end = max(end, now + step[2])
        assert (now < end) == asked.is_held(now)


THINGS = [f"t{number}" for number in range(6)]
PLACES = st.dictionaries(st.sampled_from(THINGS), st.lists(st.sampled_from(THINGS), min_size=1, max_size=2))
CHAIN = {thing: [above] for thing, above in pairwise(THINGS)}


@FEW
@given(PLACES, st.sampled_from(THINGS))
@example(CHAIN, "t5")
@example({"t0": ["t1", "t2"], "t1": ["t0"], "t2": ["t5"]}, "t5")
def test_g23_what_is_in_something_protected_is_protected_however_far_up(places: dict[str, Any], safe: str) -> None:
    """Through fields of one name and of several, and round in circles."""
    policy = f"topology: [{{state: place, within: [parent, beside]}}]\nprotected: [{{target: {safe}, reason: r}}]\n"
    site = Site(rule(LOST, DRAIN), FREE + policy)
    for thing, above in places.items():
        site.hold("place", 0, thing=thing, **dict(zip(("parent", "beside"), above, strict=False)))
    within = {"t0"}
    for _ in THINGS:
        within |= {one for thing in within for one in places.get(thing, ())}
    (said,) = site.event("lost", 1, "t0")
    assert ("rejected:protected" if safe in within else "allowed") == said.split()[2].partition("@")[0]


SPELT = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["h1", "H1"]), st.sampled_from(["", ".example.org", "."]), st.sampled_from(["", ":9100"])
    ),
)
WRITTEN = st.builds("{}{}{}".format, st.sampled_from(["", " "]), SPELT, st.sampled_from(["", " ", "\t"]))


@FEW
@given(WRITTEN, SPELT)
def test_one_host_is_one_however_people_policies_and_payloads_spell_it(written: str, target: str) -> None:
    """Protected, worked on, in hand, let go, and acted on by one at a time."""
    rules, quoted = rule(LOST, DRAINED), written.replace("\t", "\\t")
    protected = Site(rules, f'{FREE}protected: [{{target: "{quoted}", reason: r}}]\n')
    assert [f"disable_service {target} rejected:protected@1"] == protected.event("lost", 1, target)
    worked = Site(rules, WORKED)
    worked.hold("mark", 0, name="a", host=written)
    assert [f"disable_service {target} held:maintenance@1"] == worked.event("lost", 1, target)
    in_hand = Site(rules, FREE)
    in_hand.event("beat", 0)
    in_hand.say("stand_down", 0, written, until=500)
    assert [f"disable_service {target} held:stand_down@1"] == in_hand.event("lost", 1, target)
    assert [f"disable_service {target} allowed@2"] == in_hand.say("release", 2, written)
    plain = written.strip()
    assert [] == [said for said in in_hand.event("lost", 3, plain) if "allowed" in said]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.0.0.5", "10.0.0.6"),
        ("fe80::1", "fe80::2"),
        ("[fe80::1]:80", "[fe80::2]:80"),
        ("a.2", "a.3"),
        ("c1.example.org@lvm", "c1.example.org@ceph"),
        ("rabbit@c1.example.org", "rabbit@c2.example.org"),
        ("https://api.example.org:5000/v3", "https://api.example.org:8774/v2.1"),
    ],
)
def test_what_differs_behind_no_domain_is_two(one: str, other: str) -> None:
    """Two addresses that begin alike, what two things on one host are called after it, two ends of one API."""
    site = Site(rule(LOST, DRAINED), FREE)
    assert [f"disable_service {one} allowed@0"] == site.event("lost", 0, one)
    assert [f"disable_service {other} allowed@0"] == site.event("lost", 0, other)


@pytest.mark.parametrize("written", ["c1", "C1.example.org", "c*.example.org"])
@pytest.mark.parametrize(
    "target", ["c1@lvm", "c1.example.org@lvm", "rabbit@c1", "rabbit@c1.example.org", "c1@lvm#pool"]
)
def test_what_is_called_after_a_protected_host_is_protected(written: str, target: str) -> None:
    """Back ends of Cinder's and nodes of RabbitMQ are on the host they are named by; that of another host is not."""
    site = Site(rule(LOST, DRAIN), f'{FREE}protected: [{{target: "{written}", reason: r}}]\n')
    assert [f"disable_service {target} rejected:protected@0"] == site.event("lost", 0, target)
    assert ["disable_service d2.example.org@lvm allowed@0"] == site.event("lost", 0, "d2.example.org@lvm")


def test_a_back_end_is_one_under_the_name_of_its_host_in_any_spelling() -> None:
    """What one spelling does the other waits for; what is on the other side of the host's name stays."""
    site = Site(rule(LOST, DRAINED), FREE)
    assert ["disable_service c1@lvm allowed@0"] == site.event("lost", 0, "c1@lvm")
    assert [] == [said for said in site.event("lost", 1, "C1.example.org@lvm") if "allowed" in said]


ODD = st.builds(
    "".join, st.tuples(st.text("ab1.-", max_size=3), st.sampled_from("*?[],;% \t\n"), st.text("ab1.-*]", max_size=3))
)


@FEW
@given(ODD)
@example("[ab]")
@example("h1,h2")
@example("compute?")
def test_g3_a_pattern_or_a_list_is_no_target(target: str) -> None:
    """Whatever would be read as more than one thing somewhere names no one thing."""
    assert [f"disable_service {target} rejected:target@0"] == Site(rule(LOST, DRAIN), FREE).event("lost", 0, target)


@pytest.mark.parametrize(
    "target", ["[fe80::1]:9100", "fe80::1%eth0", "c1@lvm#pool", "4b8c0f9e-7d0a-4e55-9c6f-0d5f0d1f3a55"]
)
def test_g3_an_address_and_an_id_are_targets(target: str) -> None:
    """They have brackets, a zone or a mark in them, and name one thing all the same."""
    assert [f"disable_service {target} allowed@0"] == Site(rule(LOST, DRAIN), FREE).event("lost", 0, target)
