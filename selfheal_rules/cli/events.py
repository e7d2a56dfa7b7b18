"""`selfheal events`: what rules will see of raw payloads."""

import argparse
import json

from selfheal_rules.cli.arguments import Commands, add_mapping, subcommand
from selfheal_rules.cli.ending import Code
from selfheal_rules.cli.inputs import Lines
from selfheal_rules.cli.loading import load_mappings, load_named
from selfheal_rules.cli.problems import Problems
from selfheal_rules.cli.screen import Screen
from selfheal_rules.normalize import Reading, read_items, to_cloudevent


def register(commands: Commands) -> None:
    """Add the command."""
    about = "print what rules will see of raw payloads, one CloudEvents object a line"
    parser = subcommand(commands, "events", about, events)
    parser.add_argument("input", metavar="FILE|-", help="payloads, one JSON value a line; - is standard input")
    about = "the vocabulary items are held against: a shipped one by name, or a file (default: openstack)"
    parser.add_argument("--vocabulary", metavar="NAME|FILE", default="openstack", help=about)
    add_mapping(parser)


def events(arguments: argparse.Namespace) -> int:
    """Print every item of the input, and name every line that gives none."""
    vocabulary, screen = load_named(arguments.vocabulary), Screen()
    problems, mappings = Problems(screen), load_mappings(arguments.mapping)
    with Lines(arguments.input) as lines:
        for read in read_items(lines, vocabulary=vocabulary, mappings=mappings):
            if isinstance(read, Reading):
                screen.out(json.dumps(to_cloudevent(read.item)))
            else:
                problems.name(read)
            screen.progress(lines.count)
    screen.done()
    problems.advise(lines)
    return Code.FINDINGS if problems.malformed else Code.OK
