"""`selfheal plan`: how rule sets will match together, what they will keep and what they will cost."""

import argparse
import json

from selfheal_rules.cli.arguments import (
    Commands,
    add_format,
    add_max_age,
    add_params,
    add_paths,
    add_policy,
    subcommand,
)
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_program, load_site
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.explain import explain_plan, page


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "plan", "say how rule sets will match, what they keep and what they cost", plan)
    add_paths(parser)
    add_format(parser)
    add_params(parser)
    add_max_age(parser)
    text = (
        "a field of states that never changes while a state stands, such as alarm.host: the stream may be divided by it"
    )
    parser.add_argument("--fixed", action="append", default=[], type=_field, metavar="KIND.FIELD", help=text)
    text = "what a thing is in for good, by the names of the fields, such as host=zone: decisions may be divided by it"
    parser.add_argument("--within", action="append", default=[], type=_pair, metavar="THING=PLACE", help=text)
    add_policy(parser, "divide as partitions under this policy of a site are")


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan of the program the rule sets make."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    fixed = {kind: tuple(name for other, name in arguments.fixed if other == kind) for kind, _ in arguments.fixed}
    policy = load_site(program, arguments.policy)
    try:
        found = explain_plan(program, arguments.max_age, fixed, dict(arguments.within), policy)
    except ValueError as error:
        raise Refused(str(error), Code.USAGE) from None
    Screen().out(json.dumps(found.to_json()) if arguments.format == "json" else clean(page(found)))
    return Code.OK


def _pair(text: str) -> tuple[str, str]:
    thing, sign, place = text.partition("=")
    if not (thing and sign and place):
        message = f"`{text}` does not say what is in what, such as `host=zone`"
        raise argparse.ArgumentTypeError(message)
    return thing, place


def _field(text: str) -> tuple[str, str]:
    kind, dot, name = text.rpartition(".")
    if not (kind and dot and name):
        message = f"`{text}` does not name a field of a kind, such as `alarm.host`"
        raise argparse.ArgumentTypeError(message)
    return kind, name
