"""How tests write what they saw: in the words of the file, so that it can be copied into one."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from selfheal_rules.decide.decision import Decision
from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.events import Event
from selfheal_rules.source import Span
from selfheal_rules.testing.cases import Answer, Input, Said, Wanted
from selfheal_rules.values import Value, canonical
from selfheal_rules.vocabulary import write_duration

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-*")
_WORDS = frozenset({"true", "false", "null", "on", "off", "yes", "no", "~", ""})
_LONGEST = 300


def clock(offset: timedelta) -> str:
    """Write how long after the start something is, or before it."""
    return write_duration(offset) if offset >= timedelta() else f"-{write_duration(-offset)}"


def line_of(span: Span) -> str:
    """Write where something stands in its file, if it stands in one."""
    return f" (line {span.line})" if span.source.text else ""


def value_text(value: Value) -> str:
    """Write a value as it would stand in a file of tests."""
    if isinstance(value, str):
        return value if _is_plain(value) else canonical(value)
    if isinstance(value, timedelta):
        return clock(value)
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, Mapping):
        return flow(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return canonical(value)


def _is_plain(text: str) -> bool:
    """Whether a text needs no quotes in YAML, in anybody's reading of it."""
    return _PLAIN.issuperset(text) and text.lower() not in _WORDS and text[:1].isalpha()


def flow(words: Mapping[str, Value]) -> str:
    """Write a mapping on one line."""
    return "{" + ", ".join(f"{name}: {value_text(value)}" for name, value in words.items()) + "}"


def wanted_text(wanted: Wanted) -> str:
    """Write what was expected, with its list where that is not `expect`."""
    return ("" if wanted.side == "expect" else f"{wanted.side}: ") + flow(wanted.words)


def decision_text(decision: Decision, start: datetime) -> str:
    """Write a decision as an item that only it fits."""
    verdict = decision.verdict
    target = {} if decision.target is None else {"target": decision.target}
    words = {"do": decision.action, **target, "rule": decision.rule, "step": decision.step}
    words |= {"attempt": decision.attempt} if decision.attempt > 1 else {}
    words |= {"with": decision.params} if decision.params else {}
    words |= {"status": verdict.status, "by": verdict.guard, "at": decision.time - start}
    return _cut(flow(words))


def state_text(kind: str, fields: Mapping[str, Value]) -> str:
    """Write a state as an item of `holds`."""
    return _cut(flow({"state": kind, "with": fields}))


def input_text(given: Input) -> str:
    """Write an input as a file of tests has it."""
    match given.given:
        case Answer(status, of):
            return flow({"result": status, **of.words})
        case Said(act, who, _, subject, of):
            named = of.words if of else {"subject": subject} if subject else {}
            return flow({"control": act, **named, "who": who})
        case Event() as event:
            return _cut(flow({"event": event.kind, "with": event.fields}))
        case state:
            cleared = {"cleared": True} if state.cleared else {}
            return _cut(flow({"state": state.kind, "with": state.fields, **cleared}))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def reasons(decision: Decision, start: datetime) -> Iterator[str]:
    """Write what a decision rests on as a tree, one item a line."""
    yield f"{decision.action} {value_text(decision.target)} by {decision.rule}: {decision.verdict.status}"
    yield f"  by {decision.verdict.guard}: {decision.verdict.reason}"
    for one in decision.because:
        yield from _tree(one, "  ", start)


def _tree(evidence: Evidence, indent: str, start: datetime) -> Iterator[str]:
    name = f"{evidence.alias}: " if evidence.alias else ""
    what = evidence.id if evidence.form == "event" and not evidence.rule else ", ".join(map(value_text, evidence.key))
    rule = f", concluded by {evidence.rule}" if evidence.rule else ""
    yield f"{indent}{name}{evidence.kind} {what}".rstrip() + f", {clock(evidence.time - start)}{rule}"
    for inner in evidence.because:
        yield from _tree(inner, indent + "  ", start)
