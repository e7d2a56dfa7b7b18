"""`selfheal approve`, `refuse`, `pause`, `resume`, `kill`, `stand-down`, `release`: what people say to a healer."""

import argparse
import getpass
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from secrets import token_hex

from attrs import evolve, frozen

from selfheal_rules.cli.arguments import Commands, add_format, add_journal, instant, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_journal
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.words import shown, stamp
from selfheal_rules.compile import Program
from selfheal_rules.decide import Control, Decision
from selfheal_rules.decide.control import Act
from selfheal_rules.diagnostics import EventError, JournalError, RuleSetError, SnapshotError
from selfheal_rules.engine import Engine
from selfheal_rules.execute.executor import time_of_day
from selfheal_rules.guard.approval import Request
from selfheal_rules.journal import Journal
from selfheal_rules.journal.inbox import put
from selfheal_rules.journal.recovery import engine_of
from selfheal_rules.model import Do
from selfheal_rules.parse.findings import did_you_mean

_WHOLE = 32
"""How long the id of a decision is."""
_AHEAD = timedelta(hours=1)
"""How far the clock of who speaks may be ahead."""


@frozen
class Saying:
    """One of the commands: what it does, and what it is about."""

    act: Act
    about: str
    subject: str = ""
    what: str = ""


_SCOPE = "`ruleset:NAME`, `rule:RULESET/ID`, `action:GLOB` or `target:GLOB`"
SAYINGS = (
    Saying("approve", "agree to a decision that awaits approval", "ID", "the id of a decision, or how only it begins"),
    Saying("refuse", "refuse a decision that awaits approval", "ID", "the id of a decision, or how only it begins"),
    Saying("pause", "hold the decisions of a rule set or rule, of an action, or on a target", "SCOPE", _SCOPE),
    Saying("resume", "lift a pause, or without a scope the kill switch", "[SCOPE]", _SCOPE),
    Saying("kill", "stop everything, until somebody says `resume`"),
    Saying("stand_down", "have rules leave a target alone until a time", "TARGET", "what a person has in hand"),
    Saying("release", "end the stand-down and the quarantine of a target", "TARGET", "what rules may act on again"),
)


def register(commands: Commands) -> None:
    """Add the commands."""
    for saying in SAYINGS:
        parser = subcommand(commands, saying.act.replace("_", "-"), saying.about, say)
        parser.set_defaults(act=saying.act, subject="", until=None)
        add_journal(parser)
        if saying.subject:
            count = "?" if saying.subject.startswith("[") else None
            parser.add_argument(
                "subject", metavar=saying.subject.strip("[]"), nargs=count, default="", help=saying.what
            )
        if saying.act == "stand_down":
            about = "until when, such as 2026-11-22T16:30:00Z"
            parser.add_argument("--until", metavar="TIME", type=instant, required=True, help=about)
        parser.add_argument("--why", required=True, help="the reason, which is recorded")
        parser.add_argument("--who", help="who says so (default: the login user)")
        parser.add_argument("--time", metavar="TIME", type=instant, help="when it was said (default: now)")
        add_format(parser)


def say(arguments: argparse.Namespace) -> int:
    """Put a control where the healer finds it, once it is known to mean something."""
    screen, journal = Screen(), load_journal(arguments.journal)
    with journal:
        control, decision = _checked(_control(arguments), journal, screen)
        try:
            put(journal.inbox(), control, token_hex(4))
            is_held = journal.is_held()
        except JournalError as error:
            raise Refused(str(error)) from None
        if control.act == "kill":
            _warn(control, journal, screen)
    _report(control, decision, screen, is_held=is_held, form=arguments.format)
    return Code.OK


def _control(arguments: argparse.Namespace) -> Control:
    time = arguments.time or time_of_day()
    try:
        who = _user() if arguments.who is None else arguments.who
        return Control(arguments.act, who, arguments.why, time, arguments.subject or "", arguments.until)
    except EventError as error:
        raise Refused(str(error), Code.USAGE) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        message = "nobody is logged in; say who you are with `--who`"
        raise Refused(message, Code.USAGE) from None


# Holding it against the journal


def _checked(control: Control, journal: Journal, screen: Screen) -> tuple[Control, Decision | None]:
    """
    Give a control whose subject is whole, and the decision it is about; refuse one that means nothing.

    Nothing keeps people from stopping everything, and where a journal cannot be told from outside what they say is
    put down as they say it: then an id has to be whole.
    """
    if control.act == "kill":
        return control, None
    try:
        engine = overheard(journal)
    except (JournalError, SnapshotError, RuleSetError) as error:
        screen.err(f"selfheal: it cannot be held against the journal: {error}")
        if control.act in {"approve", "refuse"} and len(control.subject.partition(" ")[0]) != _WHOLE:
            message = f"`{control.subject}` is no whole id, which has {_WHOLE} characters"
            raise Refused(message, Code.USAGE) from None
        return control, None
    _refuse_ahead(control, engine)
    decision = None
    if control.act in {"approve", "refuse"}:
        request = _request(control, engine)
        _refuse_unasked(control, request, engine)
        decision, control = request.decision, evolve(control, subject=request.subject)
    wrong = _CHECKS[control.act](control, engine) if control.act in _CHECKS else None
    if wrong is not None:
        raise wrong
    return control, decision


def _refuse_ahead(control: Control, engine: Engine) -> None:
    """Refuse a time that nobody has reached: an engine goes by it from then on, and all that comes is too old."""
    clock = time_of_day()
    now = max(clock, engine.now or clock)
    if control.time - now > _AHEAD:
        message = f"`--time` is ahead of the clock here, and of the journal: it is {stamp(now)}"
        raise _wrong(message)


def _warn(control: Control, journal: Journal, screen: Screen) -> None:
    """Say that nobody will hear it where what is named is no journal: who errs in the path believes all is stopped."""
    try:
        next(journal.records(), None)
    except JournalError as error:
        screen.err(f"selfheal: `{control.act}` is put down, but no healer may ever take it: {error}")


def overheard(journal: Journal) -> Engine:
    """Give the engine a journal leads to, with all that waits in its inbox already taken."""
    engine = engine_of(journal)
    for note in journal.inbox().notes():
        try:
            engine.post(note.control())
        except EventError:  # the healer will put it aside
            continue
    return engine


def _request(control: Control, engine: Engine) -> Request:
    """Find what is meant among the decisions that await approval."""
    requests = engine.approval_requests()
    found = [one for one in requests if one.subject.startswith(control.subject)]
    if len(found) != 1:
        raise _unfound(control.subject, [one.decision for one in found or requests], engine, several=bool(found))
    if found[0].expires <= control.time:
        message = f"decision {found[0].decision.id} expired at {stamp(found[0].expires)}"
        raise Refused(message, Code.USAGE)
    return found[0]


def _refuse_unasked(control: Control, request: Request, engine: Engine) -> None:
    """Refuse an id alone where other rules may have taken it over since somebody looked at what it stands for."""
    said = request.subject if " " in control.subject else request.decision.id
    try:
        engine.admit([evolve(control, subject=said)])
    except EventError as error:
        raise _wrong(str(error), _named(request.decision)) from None


def _unfound(begin: str, candidates: list[Decision], engine: Engine, *, several: bool) -> Refused:
    if several:
        return _wrong(f"several decisions that await approval begin with `{begin}`", *map(_named, candidates))
    for one in _known(engine):
        if one.id.startswith(begin):
            return _wrong(
                f"decision {_named(one)} awaits no approval: it is {one.verdict.status} by {one.verdict.guard}"
            )
    return _wrong(f"no decision that awaits approval begins with `{begin}`", *map(_named, candidates))


def _known(engine: Engine) -> Iterator[Decision]:
    return (step.decision for episode in engine.episodes() for step in episode.steps if step.decision)


def _named(decision: Decision) -> str:
    return f"{decision.id} ({decision.action} {shown(decision.target)})"


def _wrong(message: str, *candidates: str) -> Refused:
    return Refused("\n  ".join([message + (":" if candidates else ""), *candidates]), Code.USAGE)


def _is_released(control: Control, engine: Engine) -> Refused | None:
    """Refuse to release what rules may act on already."""
    if engine.post(control).disposition != "unmatched":
        return None
    return _wrong(f"`{control.subject}` is neither stood down nor in quarantine")


def _is_there(control: Control, engine: Engine) -> Refused | None:
    """Refuse the pause of what there is not: whoever misspells it believes that it is paused."""
    scope, _, name = control.subject.partition(":")
    known = dict.fromkeys(_SCOPES[scope](engine.program)) if scope in _SCOPES else None
    if known is None or any(fnmatchcase(one, name) if scope == "action" else one == name for one in known):
        return None
    return _wrong(f"no {scope} of the journal's rules is `{name}`; {did_you_mean(name, known)}")


def _is_ahead(control: Control, engine: Engine) -> Refused | None:
    """Refuse a stand-down that is over: whoever errs in the day believes that the target is left alone."""
    now = max(control.time, engine.now or control.time)
    if control.until is None or control.until > now:
        return None
    return _wrong(f"{stamp(control.until)} is over: it is {stamp(now)}")


def _is_stopped(control: Control, engine: Engine) -> Refused | None:
    """Refuse to lift what nobody has stopped."""
    stops = [one.subject for one in engine.stops()]
    if control.subject in stops:
        return None
    what = f"`{control.subject}` is not paused" if control.subject else "the kill switch is not on"
    return _wrong(what, *(f"paused: {one}" if one else "the kill switch is on: say `resume` alone" for one in stops))


_CHECKS: Mapping[str, Callable[[Control, Engine], Refused | None]] = {
    "pause": _is_there,
    "resume": _is_stopped,
    "release": _is_released,
    "stand_down": _is_ahead,
}
_SCOPES: Mapping[str, Callable[[Program], Iterator[str]]] = {
    "ruleset": lambda program: (rules.name for rules in program.rulesets),
    "rule": lambda program: (f"{rules.name}/{rule.id}" for rules in program.rulesets for rule in rules.rules),
    "action": lambda program: (
        step.action for rules in program.rulesets for rule in rules.rules for step in rule.then if isinstance(step, Do)
    ),
}


# Saying so


def _report(control: Control, decision: Decision | None, screen: Screen, *, is_held: bool, form: str) -> None:
    if form == "json":
        screen.out(json.dumps({**control.to_json(), "healer": is_held}))
        return
    what = _named(decision) if decision else control.subject
    until = f" until {stamp(control.until)}" if control.until else ""
    screen.out(
        f"{' '.join(filter(None, [control.act.replace('_', '-'), what]))}{until} by {control.who}: {control.why}"
    )
    if is_held:
        screen.out("in the inbox: the healer that runs takes it at its next turn")
    else:
        screen.out("in the inbox: no healer holds the lease of the journal, and the next one takes it first of all")
