"""What a policy says that can never protect anything, or hardly means what it says."""

import re
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import cast

from selfheal_rules.check.findings import at_text, at_word, error, listed, warning
from selfheal_rules.check.walk import spans_of
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Literal
from selfheal_rules.parse.findings import likely
from selfheal_rules.policy import Calendar, Policy, SiteGuard, StandDown, Worked
from selfheal_rules.source import Span
from selfheal_rules.spelling import is_address, names_one
from selfheal_rules.vocabulary import DURATION, Vocabulary

LEAST = timedelta(seconds=1)
"""What is shorter is over before anything is judged again."""
_CHOICE = re.compile(r"\[[^\[\]]+\]")
"""Letters one of which stands in a name."""
_BLANK = re.compile(r"[\s%]")
_LIKE_OTHERS = re.compile(r"/.*/|\^.*|.*\$|(host|target|name|instance|node):.*")
"""A name as other tools would write it: an expression between slashes or anchors, or with what it is before it."""
_NO_NAMES = frozenset({"enum", "ordered", "boolean", "number", "duration", "time", "list", "map"})
"""The types of fields that name no thing; words may, and hardly do."""


def unprotecting(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Find what protects nothing, in the order of the parts of a policy."""
    yield from _names(policy)
    yield from _fields(policy, vocabulary)
    yield from _moments(policy)
    yield from _limits(policy.guards)
    yield from _heard(policy, vocabulary)
    yield from _conflicts(policy)


# Names


def _names(policy: Policy) -> Iterator[Diagnostic]:
    for span, name in _named(policy):
        if not _may_name(name):
            # a thing that others are in, such as a rack, may be called so, though nobody acts on it
            tell = warning if policy.topology and _may_name(_BLANK.sub("", name)) else error
            message = f"`{name}` is the name of nothing that is ever acted on"
            cure = "write one name, in which `*` stands for any text; several are several entries"
            yield tell("SH391", message, at_text(span, name), cure)
        elif _LIKE_OTHERS.fullmatch(name) or not name.isprintable():
            message = f"`{_shown(name)}` is a name only if a thing is called just so"
            yield warning(
                "SH392", message, at_text(span, name), "write the name as sources do; `*` stands for any text"
            )


def _named(policy: Policy) -> Iterator[tuple[Span, str]]:
    yield from ((one.span, one.target) for one in policy.protected if one.target.strip())
    for work in policy.maintenance:
        yield from ((work.span, name) for name in (work.targets if isinstance(work, Calendar) else ()))


def _may_name(glob: str) -> bool:
    """Whether a name, or a pattern of names, may be of something guards let anybody act on."""
    name = glob.strip()
    if is_address(name):
        return True
    plain = _CHOICE.sub("", name)
    bare = plain.replace("*", "").replace("?", "")
    return names_one(bare) if bare else plain != "" and plain == name


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in name)


def _fields(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Find the fields that are to name a thing, and are of a type whose values name none."""
    said: list[tuple[tuple[str, ...], str, Span]] = [
        (one.pattern.kinds, one.target, one.span)
        for one in (*policy.maintenance, *policy.stand_down)
        if isinstance(one, Worked | StandDown)
    ]
    said += [((step.kind,), name, step.span) for step in policy.topology for name in step.within]
    for kinds, name, span in said:
        for kind in kinds:
            type_ = vocabulary.kinds[kind].type_at((name,)) if kind in vocabulary.kinds else None
            if type_ is not None and type_.name in _NO_NAMES:
                message = f"`{name}` of `{kind}` is of type {type_.name}, and names no thing"
                tell = warning if type_.values else error
                yield tell("SH394", message, at_word(span, name), "name the field that says which thing it is")


# Times


def _moments(policy: Policy) -> Iterator[Diagnostic]:
    for word, span, wait in (*waits(policy), *_guarding(policy)):
        if timedelta() < wait < LEAST:
            message = f"`{word}` is over before anything is judged again"
            yield error("SH396", message, at_word(span, word), "write a duration of a second or more")


def waits(policy: Policy) -> Iterator[tuple[str, Span, timedelta]]:
    """Give the durations a policy has of its own, those of its guards left out."""
    yield "tell_after", policy.span, policy.tell_after
    yield "settle", policy.span, policy.settle
    yield from (("for", one.span, one.expires) for one in policy.autonomy)
    yield from (("at_most", one.span, one.at_most) for one in policy.maintenance if isinstance(one, Worked))
    yield from (("for", one.span, one.wait) for one in policy.stand_down if one.wait is not None)
    yield from (("silent", one.span, one.silent) for one in policy.observers)


def _guarding(policy: Policy) -> Iterator[tuple[str, Span, timedelta]]:
    for guard in policy.guards:
        for word, operand in spans_of(guard.guard):
            if isinstance(operand, Literal):
                yield word, operand.span, cast("timedelta", DURATION.literal(operand.value))


# Limits


def _limits(guards: tuple[SiteGuard, ...]) -> Iterator[Diagnostic]:
    limits = [one for one in guards if one.guard.name == "limit"]
    for one in limits:
        count = one.guard.settings["limit"]
        if "target" in one.by and not (isinstance(count, Literal) and count.value == 0):
            message = "a limit counts targets, and each of them by itself is one: this is never reached"
            cure = "leave `target` out of `by`; `cooldown` and `attempts` count what is done to one target"
            yield error("SH397", message, at_word(one.guard.span, "by"), cure)
        if one.by and _is_open(one) and not any(_covers(other, one) for other in limits if not _is_open(other)):
            message = f"no other limit is for this, and where {listed(one.by)} is not known, this one lets through all"
            cure = "leave out `fails: open`, or add a limit without `by`"
            yield warning("SH398", message, at_word(one.guard.span, "fails"), cure)


def _is_open(one: SiteGuard) -> bool:
    fails = one.guard.settings.get("fails")
    return fails is not None and fails.value == "open"


def _covers(one: SiteGuard, other: SiteGuard) -> bool:
    return all(any(fnmatchcase(action, glob) for glob in one.actions) for action in other.actions)


# Whom it hears, and what it sets against each other


def _heard(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for observer in policy.observers:
        meant = likely(observer.source, vocabulary.sources)
        if meant and observer.source not in vocabulary.sources:
            message = f"no source is called `{observer.source}`"
            yield warning("SH393", message, at_word(observer.span, observer.source), f"did you mean `{meant}`?")


def _conflicts(policy: Policy) -> Iterator[Diagnostic]:
    for ranked in policy.conflicts:
        if len(dict.fromkeys(ranked)) == 1:
            message = f"`{ranked[0]}` stands alone here, and contradicts nothing"
            place = at_word(policy.span, "conflicts")
            yield error("SH399", message, place, "name two actions or more, the one that wins first")
