"""Site policies from YAML: what one file says about all rule sets."""

import json
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

from attrs import evolve

from selfheal_rules.actions import Risk
from selfheal_rules.diagnostics import Report, RuleSetError
from selfheal_rules.model import Guard, Literal, Operand, Pattern
from selfheal_rules.parse import literals
from selfheal_rules.parse.conditions import Scope, read_condition
from selfheal_rules.parse.fields import Fields, Keys, closed, list_items, names, one_or_more_names
from selfheal_rules.parse.files import nodes_of, read_source
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.guards import read_guard
from selfheal_rules.parse.nodes import ListNode, MapNode, Node
from selfheal_rules.parse.vocabulary import check_version
from selfheal_rules.policy import (
    DAYS,
    HOUR,
    SETTLE,
    Autonomy,
    Calendar,
    Enforced,
    Grade,
    Mode,
    Observer,
    Policy,
    Protected,
    SiteGuard,
    StandDown,
    Within,
    Worked,
)
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import DURATION

Read = TypeVar("Read")

POLICY = Keys(
    "a policy",
    ("selfheal_policy", "policy"),
    (
        "mode", "kill_switch", "seed", "require_backtest", "tell_after", "settle", "rulesets", "protected", "autonomy",
        "guards", "topology", "maintenance", "stand_down", "observers", "conflicts",
    ),
)  # fmt: skip
ENFORCED = Keys("a rule set's entry", ("ruleset", "mode"), ("revision", "backtest"))
PROTECTED = Keys("a protected target", ("target", "reason"))
AUTONOMY = Keys("an entry of `autonomy`", ("grade",), ("action", "risk", "for", "quorum"))
WITHIN = Keys("an entry of `topology`", ("state", "within"))
WORKED = Keys("maintenance by a state", ("state", "target", "at_most", "owner", "reason"), ("where",))
CALENDAR = Keys(
    "maintenance by a calendar", ("name", "targets", "days", "from", "to", "zone", "until", "owner", "reason")
)
STAND_DOWN = Keys("an entry of `stand_down`", ("target",), ("event", "state", "where", "for", "owner"))
OBSERVER = Keys("an observer", ("source", "silent"))
FAILING = "failing"
"""The word of an observer that is blind where too many fail at once."""


def load_policy(path: str | Path) -> Policy:
    """
    Load the policy of a site.

    Raises:
        RuleSetError: with every finding, also where the file cannot be read.
    """
    findings = Findings()
    source = read_source(Path(path), findings)
    if source is None:
        raise RuleSetError(findings.report())
    return read_policy(source)


def read_policy(source: Source) -> Policy:
    """
    Give the policy of a text.

    Raises:
        RuleSetError: with every finding.
    """
    found, report = parse_policy(source)
    if found is None or report.errors:
        raise RuleSetError(report)
    return found


def shielding(policy: Policy, target: str, reason: str) -> Policy:
    """
    Give a policy with one more thing no rule ever acts on, unless it has it already.

    Its text says so, too, for a journal keeps the text.
    """
    if any((one.target, one.reason) == (target, reason) for one in policy.protected):
        return policy
    node = nodes_of(policy.source, Findings()) if policy.source else None
    more = policy.protecting(target, reason)
    if policy.source is None or not isinstance(node, MapNode):
        return more
    words = {name: _written(inner) for name, inner in node.entries.items()}
    words["protected"] = [*(words.get("protected") or ()), {"target": target, "reason": reason}]
    return evolve(more, source=Source(policy.source.name, json.dumps(words, ensure_ascii=False, indent=1)))


def _written(node: Node) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, MapNode):
        return {name: _written(inner) for name, inner in node.entries.items()}
    return [_written(item) for item in node.items] if isinstance(node, ListNode) else node.value


def parse_policy(source: Source) -> tuple[Policy | None, Report]:
    """Read a policy, and say everything that is wrong with it; None where the text is none."""
    findings = Findings()
    found = parse_policy_node(nodes_of(source, findings), findings, source)
    return found, findings.report()


def parse_policy_node(node: Node | None, findings: Findings, source: Source | None = None) -> Policy | None:
    """Read a policy that may stand inside another file; `source` is its own, if it has one."""
    fields = closed(node, POLICY, findings)
    return _policy(fields, source) if fields else None


def _policy(fields: Fields, source: Source | None) -> Policy | None:
    scope = Scope(fields.findings)
    is_ours = check_version(fields, "selfheal_policy")
    policy = Policy(
        fields.name("policy"),
        mode=cast("Mode", _word(fields, "mode", get_args(Mode), "shadow")),
        kill_switch=fields.boolean("kill_switch"),
        seed=fields.text("seed"),
        require_backtest=fields.boolean("require_backtest"),
        tell_after=_span(fields, "tell_after", HOUR),
        settle=_span(fields, "settle", SETTLE),
        rulesets=tuple(_each(fields, "rulesets", ENFORCED, _enforced)),
        protected=tuple(_each(fields, "protected", PROTECTED, _protected)),
        autonomy=tuple(_each(fields, "autonomy", AUTONOMY, _autonomy)),
        guards=(*_guards(fields, scope), *_failing(fields, scope)),
        topology=tuple(_each(fields, "topology", WITHIN, _within)),
        maintenance=tuple(_maintenance(fields, scope)),
        stand_down=tuple(_each(fields, "stand_down", STAND_DOWN, lambda one: _stand_down(one, scope))),
        observers=tuple(_observers(fields)),
        conflicts=tuple(_conflicts(fields)),
        source=source,
        span=fields.span,
    )
    return policy if is_ours else None


def _each(fields: Fields, name: str, keys: Keys, read: Callable[[Fields], Read | None]) -> Iterator[Read]:
    """Give what the mappings of a list say; one with a finding in it is left out."""
    for node in fields.items(name):
        yield from _one(closed(node, keys, fields.findings), read)


def _one(inner: Fields | None, read: Callable[[Fields], Read | None]) -> Iterator[Read]:
    if inner is None or any(key not in inner.node.entries for key in _required(inner)):
        return
    before = len(inner.findings.found)
    found = read(inner)
    if found is not None and len(inner.findings.found) == before:
        yield found


def _required(fields: Fields) -> tuple[str, ...]:
    every = (ENFORCED, PROTECTED, AUTONOMY, WITHIN, WORKED, CALENDAR, STAND_DOWN, OBSERVER)
    return next(keys.required for keys in every if keys.what == fields.what)


def _word(fields: Fields, name: str, known: tuple[str, ...], default: str = "") -> str:
    """Give one of the words that may stand under a key."""
    found = fields.read(name, literals.text)
    node = fields.node_of(name)
    if node is not None and found is not None and found not in known:
        fields.findings.refuse("SH170", f"`{name}` is not `{found}`", node, did_you_mean(found, known))
    return found if found is not None and found in known else default


def _words(fields: Fields, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of the words that stand in a list, or in the place of one; all where the key is missing."""
    node = fields.node_of(name)
    if node is None:
        return known
    found = []
    fields.refuse_empty(name, "name at least one")
    for item in node.items if isinstance(node, ListNode) else [node]:
        word = literals.text(item, name, fields.findings)
        if word is not None and word not in known:
            fields.findings.refuse("SH170", f"`{name}` is not `{word}`", item, did_you_mean(word, known))
        found += [word] if word in known else []
    return tuple(found)


def _globs(fields: Fields, name: str) -> tuple[str, ...]:
    """Give a text, or the texts of a list; all that there is where the key is missing."""
    node = fields.node_of(name)
    if node is None:
        return ("*",)
    items = node.items if isinstance(node, ListNode) else [node]
    if not items:
        fields.findings.refuse("SH111", f"`{name}` is empty", node, "name at least one")
    found = (literals.text(item, name, fields.findings) for item in items)
    return tuple(one for one in found if one is not None)


def _span(fields: Fields, name: str, default: timedelta) -> timedelta:
    found = fields.duration(name)
    return default if not isinstance(found, Literal) else cast("timedelta", DURATION.literal(found.value))


def _enforced(fields: Fields) -> Enforced:
    mode = cast("Mode", _word(fields, "mode", get_args(Mode), "shadow"))
    revision, backtest = fields.text("revision"), fields.text("backtest")
    return Enforced(fields.name("ruleset"), mode, revision, backtest, span=fields.span)


def _protected(fields: Fields) -> Protected:
    return Protected(fields.text("target"), fields.text("reason"), span=fields.span)


def _autonomy(fields: Fields) -> Autonomy:
    quorum = fields.integer("quorum", 1)
    node = fields.node_of("quorum")
    if quorum < 1 and node is not None:
        fields.findings.refuse("SH020", "`quorum` takes a whole number from 1 on", node)
    return Autonomy(
        cast("Grade", _word(fields, "grade", get_args(Grade), "approve")),
        _globs(fields, "action"),
        _words(fields, "risk", get_args(Risk)),
        _span(fields, "for", HOUR),
        quorum,
        span=fields.span,
    )


def _within(fields: Fields) -> Within:
    return Within(fields.name("state"), fields.read("within", names) or (), span=fields.span)


def _guards(fields: Fields, scope: Scope) -> Iterator[SiteGuard]:
    for at, node in enumerate(fields.items("guards")):
        found = _site_guard(node, f"guards[{at}]", scope)
        if found is not None:
            yield found


def _site_guard(node: Node, address: str, scope: Scope) -> SiteGuard | None:
    if not isinstance(node, MapNode):
        read_guard(node, address, scope)
        return None
    inner = {name: one for name, one in node.entries.items() if name != "action"}
    keys = {name: one for name, one in node.keys.items() if name != "action"}
    guard = read_guard(MapNode(node.source, node.start, node.end, inner, keys), address, scope)
    actions = _globs(Fields("a guard", node, scope.findings), "action")
    return None if guard is None else SiteGuard(guard, _dimensions(guard, scope), actions)


def _dimensions(guard: Guard, scope: Scope) -> tuple[str, ...]:
    found = []
    named: tuple[Operand, ...] = guard.settings.get("by", ())
    for one in named:
        if isinstance(one, Literal):
            found.append(str(one.value))
        else:
            message = f"`{one}` is of a rule, and a site's guard goes by what its topology knows"
            scope.findings.error("SH171", message, one.span, "name it plainly, such as `by: [az]`")
    return tuple(found)


def _failing(fields: Fields, scope: Scope) -> Iterator[SiteGuard]:
    """Read the observers that are blind where too many fail at once: a storm under another name."""
    for at, node in enumerate(fields.items("observers")):
        if isinstance(node, MapNode) and FAILING in node.entries:
            inner = {"storm" if name == FAILING else name: one for name, one in node.entries.items()}
            keys = {"storm" if name == FAILING else name: one for name, one in node.keys.items()}
            storm = MapNode(node.source, node.start, node.end, inner, keys)
            found = _site_guard(storm, f"observers[{at}]", scope)
            if found is not None:
                settings = {"observer" if word == "storm" else word: one for word, one in found.guard.settings.items()}
                yield evolve(found, guard=Guard("observer", FrozenMap(settings), span=found.guard.span))


def _observers(fields: Fields) -> Iterator[Observer]:
    for node in fields.items("observers"):
        if not (isinstance(node, MapNode) and FAILING in node.entries):
            yield from _one(closed(node, OBSERVER, fields.findings), _observer)


def _observer(fields: Fields) -> Observer:
    return Observer(fields.text("source"), _span(fields, "silent", timedelta()), span=fields.span)


def _pattern(fields: Fields, scope: Scope) -> Pattern | None:
    """Read the pattern that stands beside other words: its form, its kinds and its leaves."""
    words = ("event", "state", "where")
    inner = {name: one for name, one in fields.node.entries.items() if name in words}
    keys = {name: one for name, one in fields.node.keys.items() if name in words}
    node = MapNode(fields.node.source, fields.node.start, fields.node.end, inner, keys)
    found = read_condition(node, "", scope)
    return found if isinstance(found, Pattern) else None


def _maintenance(fields: Fields, scope: Scope) -> Iterator[Worked | Calendar]:
    for node in fields.items("maintenance"):
        if isinstance(node, MapNode) and "state" in node.entries:
            yield from _one(closed(node, WORKED, fields.findings), lambda one: _worked(one, scope))
        else:
            yield from _one(closed(node, CALENDAR, fields.findings), _calendar)


def _worked(fields: Fields, scope: Scope) -> Worked | None:
    pattern = _pattern(fields, scope)
    target, at_most = fields.name("target"), _span(fields, "at_most", timedelta())
    owner, reason = fields.text("owner"), fields.text("reason")
    return None if pattern is None else Worked(pattern, target, at_most, owner, reason, span=fields.span)


def _calendar(fields: Fields) -> Calendar | None:
    targets, days = _globs(fields, "targets"), _words(fields, "days", DAYS)
    start = _read(fields, "from", _time_of_day, "a time of day", 'write "22:00"')
    end = _read(fields, "to", _time_of_day, "a time of day", 'write "02:00"')
    zone = _read(fields, "zone", _zone, "a time zone", "write one of the IANA names, such as `Europe/Berlin`")
    until = _read(fields, "until", date.fromisoformat, "a date", "write its last day, such as `2027-01-31`")
    if start is None or end is None or zone is None or until is None:
        return None
    name, owner, reason = fields.name("name"), fields.text("owner"), fields.text("reason")
    return Calendar(name, targets, days, start, end, zone, until, owner, reason, span=fields.span)


def _time_of_day(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def _zone(text: str) -> ZoneInfo:
    """Give a zone that is the same everywhere: a machine's own name for where it stands is none."""
    if text in {"localtime", "posixrules", "Factory"}:
        raise ValueError(text)
    return ZoneInfo(text)


def _read(fields: Fields, name: str, reader: Callable[[str], Read], what: str, cure: str) -> Read | None:
    """Give what a text stands for; it is a finding where it is none of its kind."""
    text, node = fields.read(name, literals.text), fields.node_of(name)
    try:
        found = reader(text or "")
    except (ValueError, KeyError, OSError):  # a zone that nobody has is a KeyError, a name that is a folder an OSError
        found = None
    if found is None and text is not None and node is not None:
        fields.findings.refuse("SH172", f"`{text}` is not {what}", node, cure)
    return found


def _stand_down(fields: Fields, scope: Scope) -> StandDown | None:
    pattern = _pattern(fields, scope)
    wait = _span(fields, "for", timedelta()) if fields.has("for") else None
    if pattern is not None and (pattern.form == "event") != (wait is not None):
        message = "an event says for how long with `for`, a state says so itself by holding"
        fields.findings.error("SH173", message, fields.span, "add `for` to an event, and leave it out of a state")
        return None
    if pattern is not None and pattern.form == "event" and fields.has("owner"):
        message = "whoever an event speaks of may have let go since: an `owner` goes with a state"
        fields.findings.error("SH173", message, fields.span, "name the state that holds while the owner is at work")
        return None
    owner = fields.text("owner")
    return None if pattern is None else StandDown(pattern, fields.name("target"), wait, owner, span=fields.span)


def _conflicts(fields: Fields) -> Iterator[tuple[str, ...]]:
    for node in fields.items("conflicts"):
        is_list = list_items(node, "conflicts", fields.findings) is not None
        found = one_or_more_names(node, "conflicts", fields.findings) if is_list else ()
        if found:
            yield found
