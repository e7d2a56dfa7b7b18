"""`selfheal plan`: how rule sets will match together, what they will keep and what they will cost."""

import argparse
import json

from selfheal_rules.cli.arguments import Commands, add_format, add_max_age, add_params, add_paths, subcommand
from selfheal_rules.cli.ending import Code
from selfheal_rules.cli.loading import load_program
from selfheal_rules.cli.screen import Screen, clean
from selfheal_rules.explain import explain_plan, page


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "plan", "say how rule sets will match, what they keep and what they cost", plan)
    add_paths(parser)
    add_format(parser)
    add_params(parser)
    add_max_age(parser)


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan of the program the rule sets make."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    found = explain_plan(program, arguments.max_age)
    Screen().out(json.dumps(found.to_json()) if arguments.format == "json" else clean(page(found)))
    return Code.OK
