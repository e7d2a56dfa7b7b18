"""`selfheal graph`: what leads to what in rule sets, as a picture."""

import argparse
import shutil
import subprocess

from selfheal_rules.cli.arguments import Commands, add_output, add_params, add_paths, subcommand
from selfheal_rules.cli.ending import Code, Refused
from selfheal_rules.cli.loading import load_program
from selfheal_rules.cli.screen import Screen
from selfheal_rules.report import RuleGraph, dot, mermaid, rule_graph

FORMATS = ("mermaid", "dot", "svg")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "graph", "draw what rule sets read, conclude and do, and what guards them", graph)
    add_paths(parser)
    about = "Mermaid (the default), for Markdown; DOT, for Graphviz; or SVG, drawn by Graphviz where it is installed"
    parser.add_argument("--format", choices=FORMATS, default="mermaid", help=about)
    add_output(parser)
    add_params(parser)


def graph(arguments: argparse.Namespace) -> int:
    """Draw the rule sets, once they are found sound together."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    text = drawn(rule_graph(program.rulesets), arguments.format)
    Screen().result(text, arguments.output)
    return Code.OK


def drawn(picture: RuleGraph, form: str) -> str:
    """
    Give a graph in one of the formats.

    Raises:
        Refused: where Graphviz is wanted, and is not there or fails.
    """
    if form == "svg":
        return _svg(dot(picture))
    return dot(picture) if form == "dot" else mermaid(picture)


def _svg(text: str) -> str:
    program = shutil.which("dot")
    if program is None:
        message = "an SVG is drawn by Graphviz, and there is no `dot` here; install Graphviz, or take `--format dot`"
        raise Refused(message)
    ran = subprocess.run([program, "-Tsvg"], input=text.encode(), capture_output=True, check=False)  # noqa: S603 - our own text
    if ran.returncode:
        message = f"Graphviz cannot draw it: {ran.stderr.decode(errors='replace').strip()}"
        raise Refused(message)
    return ran.stdout.decode()
