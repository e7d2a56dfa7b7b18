"""The schema of steps: what is concluded and done, how it is confirmed, and how it ends."""

from selfheal_rules.actions import CATALOGUE, ActionType, Param
from selfheal_rules.parse.steps import CONCLUDE, DO, ENDING, RETRY
from selfheal_rules.schema.forms import Schema, Shapes, closed, offered, ref, several, table, told
from selfheal_rules.schema.values import BOOLEAN, CONTENT, DURATION, INTEGER, NAMED, OPERAND, SINGLE
from selfheal_rules.vocabulary import SELF_KINDS, Vocabulary


def steps(known: Vocabulary) -> dict[str, Schema]:
    """Give the definitions of a step, of one that does something, and of an outcome."""
    return {
        "step": {"oneOf": [ref("do"), _conclude(known)]},
        "do": _do(),
        "outcome": _outcome(),
        "with": table(CONTENT),
    }


def _beside() -> Shapes:
    return {
        "id": told("A name for `after` to use.", NAMED),
        "after": told("The steps it waits for; without it the one before, with `[]` none.", several(NAMED)),
    }


def _conclude(known: Vocabulary) -> Schema:
    kinds = tuple(name for name in known.kinds if name not in SELF_KINDS.kinds)
    shapes = {
        "conclude": told("The kind of what follows.", offered(kinds, NAMED)),
        "with": told("Its fields.", ref("with")),
        "ttl": told("How long it stands once nothing says so any more.", DURATION),
        "cleared": told("Say that it no longer holds.", BOOLEAN),
        **_beside(),
    }
    return closed(CONCLUDE, shapes)


def _do() -> Schema:
    retry = {
        "times": told("How often.", INTEGER),
        "backoff": told("How long to wait first; each wait doubles.", DURATION),
        "cap": told("The longest wait.", DURATION),
        "jitter": told("By how much each wait is spread.", OPERAND),
    }
    shapes = {
        "do": told("The action.", offered(tuple(CATALOGUE), NAMED)),
        "target": told("What it is done to: `$alias.field`, or a text.", SINGLE),
        "with": told("What else the action needs.", ref("with")),
        "confirm": told("What shows that it worked; its `within` is the deadline.", ref("outermost")),
        "timeout": told("How long it may take.", DURATION),
        "retry": told("Issue it again where it fails.", closed(RETRY, retry)),
        **_beside(),
    }
    return {**closed(DO, shapes), "allOf": [_taken(one) for one in CATALOGUE.values() if one.params]}


def _taken(action: ActionType) -> Schema:
    """Offer the values an action of the catalogue takes, where a step does that action."""
    values = {name: {"description": _said(param)} for name, param in action.params.items()}
    return {
        "if": {"properties": {"do": {"const": action.name}}, "required": ["do"]},
        "then": {"properties": {"with": {"properties": values}}},
    }


def _said(param: Param) -> str:
    words = f" One of {', '.join(param.type.values)}." if param.type.values else ""
    return f"{param.doc}{words}{' Needed.' if param.required else ''}"


def _outcome() -> Schema:
    shapes = {
        "healthy": told("What being healed means.", ref("outermost")),
        "within": told("By when, from the last step on.", DURATION),
        "else": told("What to do otherwise.", several(ref("do"), least=1)),
    }
    return closed(ENDING, shapes)
