"""`selfheal replay`: what a record would have led to under a rule set."""

import argparse
import json

from selfheal_rules.cli.arguments import Commands, add_format, add_params, add_paths, subcommand
from selfheal_rules.cli.ending import Code
from selfheal_rules.cli.loading import load_program
from selfheal_rules.cli.recorded import Recorded, add_end, add_record
from selfheal_rules.cli.screen import Screen
from selfheal_rules.cli.summary import counted
from selfheal_rules.cli.timeline import entry
from selfheal_rules.cli.words import number, stamp
from selfheal_rules.decide import Step
from selfheal_rules.replay import Replay, Replayed


def register(commands: Commands) -> None:
    """Add the command."""
    about = "run a record, a journal or a file of payloads, against rule sets, and print every decision"
    parser = subcommand(commands, "replay", about, replay)
    add_paths(parser)
    add_record(parser)
    add_params(parser)
    add_end(parser)
    add_format(parser)


def replay(arguments: argparse.Namespace) -> int:
    """Apply every input of the record; an interrupt leaves what was decided until then."""
    program, _ = load_program(arguments.paths, dict(arguments.param))
    screen = Screen()
    recorded = Recorded(arguments, program.vocabulary, screen)
    policy = recorded.site(program)
    going = Replay.of(program, policy, max_age=arguments.max_age, max_ahead=arguments.max_ahead)
    is_whole = True

    def show(step: Step) -> None:
        for decision in step:
            written = json.dumps(decision.to_json()) if in_json else entry(decision, recorded.origins, screen)
            screen.out(written)

    in_json = arguments.format == "json"
    try:
        for given in recorded:
            show(going.one(given))
        show(going.until(arguments.until))
    except KeyboardInterrupt:
        is_whole = False
        recorded.interrupted()
    found = going.result(is_whole=is_whole)
    is_faulty = recorded.told(found)
    screen.done()
    (screen.err if in_json else screen.out)(_summary(found))
    if not is_whole:
        return Code.INTERRUPTED
    return Code.FINDINGS if is_faulty else Code.OK


def _summary(found: Replayed) -> str:
    """Write the counts, and where time stands."""
    rules: dict[str, int] = {}
    for decision in found.decisions:
        rules[decision.rule] = rules.get(decision.rule, 0) + 1
    clock = f"time stands at {stamp(found.now)}" if found.now else "nothing was seen, so no time has passed"
    return "\n".join(
        [
            f"{number(found.inputs, 'input')}{counted(found.dispositions)}",
            f"{number(len(found.decisions), 'decision')}{counted(dict(sorted(rules.items())))}",
            clock,
        ]
    )
