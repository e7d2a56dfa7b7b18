"""Who carries decisions out, as a configuration says, and which actions of the rules nobody would."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.findings import at_text, error
from selfheal_rules.check.walk import steps_of
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.execute import Commands, DryRun, Executor, Recording, brought
from selfheal_rules.execute.command import option_among
from selfheal_rules.execute.site import here
from selfheal_rules.model import Do, Literal, Parameter, Rule, RuleSet
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.serving import NAMED, TOLD, Acting

_CURES = {
    **dict.fromkeys(TOLD, "add its address under `tell:`"),
    "webhook": "add its address under `endpoints:`",
    "command": "add its program under `commands:`",
}


def acting(said: Acting | None, folder: Path) -> Sequence[Executor]:
    """
    Give who carries decisions out, as a configuration says; without a word of it, nobody does anything.

    Raises:
        ImportError: where the extra `openstack` is missing.
        OSError, ValueError: where the file of decisions, or that of an address, cannot be used.
        PluginError: where a plug-in cannot be used.
    """
    if said is None:
        return [DryRun([*CATALOGUE])]
    if said.record:
        return [Recording(folder / said.record, [*CATALOGUE])]
    found: list[Executor] = [*here(dry=said.dry), *named(said, folder)]
    if said.cloud:
        from selfheal_rules.serve import cloud  # noqa: PLC0415 - an extra

        found += cloud.acting(said)
    for name in said.plugins:
        found += brought(name, dry=said.dry)
    rest = [name for name in CATALOGUE if not any(name in one.actions for one in found)]
    return [*found, DryRun(rest)] if said.dry else found


def named(said: Acting, folder: Path) -> Iterator[Executor]:
    """
    Give who acts by what the site names: who tells people, posts decisions, and runs programs.

    Raises:
        OSError, ValueError: where the file of an address cannot be read, or holds none.
    """
    if said.tell:
        from selfheal_rules.serve.telling import Telling, addressed  # noqa: PLC0415 - only where somebody is told

        for action, file in said.tell.items():
            yield Telling(action, addressed(folder / file), said.dry)
    if said.endpoints:
        from selfheal_rules.execute.posting import Address  # noqa: PLC0415 - only where something is posted
        from selfheal_rules.execute.webhook import Webhook  # noqa: PLC0415 - the same

        yield Webhook({name: Address.read(folder / file) for name, file in said.endpoints.items()}, said.dry)
    if said.commands:
        yield Commands(said.commands, said.dry)


def undone(program: Program, said: Acting | None) -> Report:
    """
    Name each action that rules ask for and nobody would carry out, and each program that cannot be run.

    Raises:
        ImportError: where the extra `openstack` is missing.
        PluginError: where a plug-in cannot be used.
    """
    if said is None or said.record:
        return Report(())
    found = [*_unrunnable(said)]
    able = None if said.dry else _able(said)
    steps = ((ruleset, rule, step) for ruleset in program.rulesets for rule in ruleset.rules for step in steps_of(rule))
    for of, by, step in steps:
        if not isinstance(step, Do):
            continue
        is_done = able is None or step.action in able
        found += _unnamed(of, by, step, said) if is_done else _undone(by, step)
    return Report.of(found)


def _able(said: Acting) -> set[str]:
    """Give the actions somebody carries out."""
    able = {*said.tell, *(name for one in here() for name in one.actions)}
    able |= {action for action, (_, key) in NAMED.items() if getattr(said, key)}
    able |= {name for one in said.plugins for executor in brought(one, dry=True) for name in executor.actions}
    if said.cloud:
        from selfheal_rules.execute.openstack.adapters import ADAPTERS  # noqa: PLC0415 - an extra

        able |= {*ADAPTERS}
    return able


def _unrunnable(said: Acting) -> Iterator[Diagnostic]:
    for name, (program, *_) in said.commands.items():
        file = Path(program)
        if file.is_absolute() and not (file.is_file() and os.access(file, os.X_OK)):
            message = f"`{program}`, the program of `{name}`, is none that this process may run"
            place = at_text(said.span, program)
            yield error("SH452", message, place, "install it, and let the user of the process execute it")


def _undone(rule: Rule, step: Do) -> Iterator[Diagnostic]:
    cure = _CURES.get(step.action, "name who does it under `plugins:`")
    message = f"no executor carries out `{step.action}`, which rule `{rule.id}` asks for"
    cure = f"{cure} of `executors:`, or try it with `dry: true`"
    yield error("SH450", message, at_text(step.span, step.action), cure)


def _unnamed(ruleset: RuleSet, rule: Rule, step: Do, said: Acting) -> Iterator[Diagnostic]:
    """Name what a step asks for and the site has not named; what comes of a payload is for the executor to refuse."""
    word, key = NAMED.get(step.action, ("", ""))
    known: Mapping[str, Any] = getattr(said, key, {})
    name = _written(ruleset, step, word)
    if known and name is not None and name not in known:
        message = f"the site has no {word} `{name}`, which rule `{rule.id}` asks for"
        yield error("SH451", message, at_text(step.span, name), did_you_mean(name, known))
    elif step.action == "command" and name in known:
        yield from _optional(ruleset, rule, step, name, known[name])


def _optional(ruleset: RuleSet, rule: Rule, step: Do, name: str, command: Sequence[str]) -> Iterator[Diagnostic]:
    """Name an argument of a step that the executor would refuse."""
    if option := option_among(_written(ruleset, step, "args") or (), command):
        message = f"`{option}`, which rule `{rule.id}` gives `{name}`, would be refused as an option"
        cure = f"write it under `commands:`, or end `{name}` with `--` there if all behind it are values"
        yield error("SH453", message, at_text(step.span, option), cure)


def _written(ruleset: RuleSet, step: Do, word: str) -> Any:  # noqa: ANN401 - a value of a step
    """Give what a step or the site says for a value of an action; None where it comes out of what fired."""
    operand = step.params.get(word)
    return ruleset.value(operand) if isinstance(operand, Literal | Parameter) else None
