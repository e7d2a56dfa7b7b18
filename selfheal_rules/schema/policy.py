"""The schema of a site policy: what one file says about all rule sets."""

from typing import get_args

from selfheal_rules.actions import Risk
from selfheal_rules.parse.conditions import PATTERN
from selfheal_rules.parse.policy import (
    AUTONOMY,
    CALENDAR,
    ENFORCED,
    FAILING,
    OBSERVER,
    POLICY,
    PROTECTED,
    STAND_DOWN,
    WITHIN,
    WORKED,
)
from selfheal_rules.policy import DAYS, Grade, Mode
from selfheal_rules.schema.forms import Schema, Shapes, closed, exactly_one, offered, one_or_more, ref, several, told
from selfheal_rules.schema.guards import guard, worded
from selfheal_rules.schema.kinds import leaf
from selfheal_rules.schema.rules import count_shapes, patterns
from selfheal_rules.schema.values import BOOLEAN, DURATION, FIELD_PATH, NAMED, TEXT, VALUES, matching
from selfheal_rules.vocabulary import Vocabulary

_GLOBS = one_or_more(TEXT)
_OWNER: Shapes = {"owner": told("Who is asked about it.", TEXT), "reason": told("Why.", TEXT)}


def policy(known: Vocabulary) -> Schema:
    """Give the schema of a site policy, in which the kinds of a vocabulary are offered."""
    return {
        "title": "A site policy of selfheal_rules",
        **closed(POLICY, _head()),
        "definitions": {
            "enforced": _enforced(),
            "protected": _protected(),
            "autonomy": _autonomy(),
            "guard": guard({"action": told("Only for these actions, by globs.", _GLOBS)}),
            "within": _within(),
            "maintenance": {"oneOf": [_worked(known), _calendar()]},
            "stand-down": _stand_down(known),
            "observer": {"oneOf": [_observer(), _failing()]},
            "pattern": {"oneOf": patterns(PATTERN, known)},
            "where": {"type": "object", "additionalProperties": ref("leaf"), "propertyNames": FIELD_PATH},
            "leaf": leaf(),
            **count_shapes(),
            **VALUES,
        },
    }


def _head() -> Shapes:
    modes = {"enum": list(get_args(Mode))}
    return {
        "selfheal_policy": told("The version of the language.", {"const": 1}),
        "policy": told("The name of the site.", NAMED),
        "mode": told("`shadow` decides and does nothing; `enforce` lets what is listed act.", modes),
        "kill_switch": told("Whether nothing may act at all.", BOOLEAN),
        "seed": told("What jitter is drawn from.", TEXT),
        "tell_after": told("For how long guards may hold a step before people are told.", ref("duration")),
        "settle": told("How long what planned work stopped may take to come back.", ref("duration")),
        "require_backtest": told("Whether only what was replayed may act.", BOOLEAN),
        "rulesets": told("How each rule set is run; one not listed is in shadow.", several(ref("enforced"))),
        "protected": told("What no rule ever acts on.", several(ref("protected"))),
        "autonomy": told("How far a step goes by itself, by action and risk.", several(ref("autonomy"))),
        "guards": told("What holds steps of all rule sets back.", several(ref("guard"))),
        "topology": told("Which states say what is in what.", several(ref("within"))),
        "maintenance": told("When people work on what.", several(ref("maintenance"))),
        "stand_down": told("When others deal with what.", several(ref("stand-down"))),
        "observers": told("Whose silence makes the engine careful.", several(ref("observer"))),
        "conflicts": told("Actions of which one target takes one at a time.", several(several(NAMED, least=1))),
    }


def _enforced() -> Schema:
    shapes = {
        "ruleset": told("Its name.", NAMED),
        "mode": told("Whether it may act.", {"enum": list(get_args(Mode))}),
        "revision": told("The digest this was said of; another stays in shadow.", TEXT),
        "backtest": told("The hash of the report of its backtest.", TEXT),
    }
    return closed(ENFORCED, shapes)


def _protected() -> Schema:
    shapes = {"target": told("A glob over targets.", {**TEXT, "examples": ["ctl-*"]}), "reason": told("Why.", TEXT)}
    return closed(PROTECTED, shapes)


def _autonomy() -> Schema:
    shapes = {
        "grade": told("How far it goes by itself.", {"enum": list(get_args(Grade))}),
        "action": told("Which actions, by globs.", _GLOBS),
        "risk": told("Which risks.", _words(get_args(Risk))),
        "for": told("For how long a question stands.", DURATION),
        "quorum": told("How many have to agree.", {"type": "integer", "minimum": 1}),
    }
    return closed(AUTONOMY, shapes)


def _words(words: tuple[str, ...]) -> Schema:
    return {"anyOf": [{"enum": list(words)}, several({"enum": list(words)}, least=1)]}


def _within() -> Schema:
    shapes = {
        "state": told("The kind that says it.", NAMED),
        "within": told("The fields that name what it is in.", several(NAMED)),
    }
    return closed(WITHIN, shapes)


def _worked(known: Vocabulary) -> Schema:
    kinds = tuple(kind.name for kind in known.kinds.values() if kind.form == "state")
    shapes = {
        "state": told("The state that says so while it holds.", one_or_more(offered(kinds, NAMED))),
        "where": told("What its fields must be.", ref("where")),
        "target": told("The field that names what is worked on.", NAMED),
        "at_most": told("After how long it is no longer believed.", DURATION),
        **_OWNER,
    }
    return closed(WORKED, shapes)


def _calendar() -> Schema:
    time = {**matching(r"[0-9]+:[0-9]+"), "examples": ["22:00"]}
    shapes = {
        "name": told("Its name.", NAMED),
        "targets": told("Globs over targets.", _GLOBS),
        "days": told("On which days it begins.", _words(DAYS)),
        "from": told("From when.", time),
        "to": told("To when; before `from`, the next day.", time),
        "zone": told("The time zone.", {**TEXT, "examples": ["Europe/Berlin", "UTC"]}),
        "until": told("Its last day.", {**TEXT, "examples": ["2027-01-31"]}),
        **_OWNER,
    }
    return closed(CALENDAR, shapes)


def _stand_down(known: Vocabulary) -> Schema:
    shapes = {
        "target": told("The field that names what others deal with.", NAMED),
        **{form: told(f"The {form} that says so.", one_or_more(_of(known, form))) for form in ("event", "state")},
        "where": told("What its fields must be.", ref("where")),
        "for": told("For how long after an event.", DURATION),
        "owner": told("Who that is, where it is no person, such as another healer.", TEXT),
    }
    return {**closed(STAND_DOWN, shapes), **exactly_one(("event", "state"))}


def _of(known: Vocabulary, form: str) -> Schema:
    return offered(tuple(kind.name for kind in known.kinds.values() if kind.form == form), NAMED)


def _observer() -> Schema:
    shapes = {"source": told("A glob over sources.", TEXT), "silent": told("After how long it is blind.", DURATION)}
    return closed(OBSERVER, shapes)


def _failing() -> Schema:
    return worded("storm", under=FAILING)
