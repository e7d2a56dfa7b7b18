"""`selfheal schema`: JSON Schema of what authors write, for their editors."""

import argparse
import json
from functools import reduce
from operator import or_

from selfheal_rules.cli.arguments import Commands, subcommand
from selfheal_rules.cli.ending import Code
from selfheal_rules.cli.loading import load_named
from selfheal_rules.cli.screen import Screen
from selfheal_rules.schema import SCHEMAS, schema
from selfheal_rules.vocabulary import SELF_KINDS


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "schema", "print the JSON Schema of a sort of file, for editors", describe)
    about = "the sort of file (default: rules)"
    parser.add_argument(
        "sort", metavar="|".join(SCHEMAS), nargs="?", choices=tuple(SCHEMAS), default="rules", help=about
    )
    about = "offer the kinds, fields and words of a vocabulary, a shipped one by name or a file (default: openstack)"
    parser.add_argument("--vocabulary", metavar="NAME|FILE", action="append", help=about)


def describe(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    known = [load_named(name) for name in arguments.vocabulary or ["openstack"]]
    Screen().out(json.dumps(schema(arguments.sort, reduce(or_, known, SELF_KINDS)), indent=2, ensure_ascii=False))
    return Code.OK
