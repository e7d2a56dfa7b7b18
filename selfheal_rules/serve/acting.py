"""Who carries decisions out, as a configuration says, and which actions of the rules nobody would."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.findings import at_text, error
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.execute import DryRun, Executor, Recording, brought
from selfheal_rules.execute.site import here
from selfheal_rules.model import Do, Rule
from selfheal_rules.serving import TOLD, Acting


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
    found: list[Executor] = [*here(dry=said.dry), *telling(said, folder)]
    if said.cloud:
        from selfheal_rules.serve import cloud  # noqa: PLC0415 - an extra

        found += cloud.acting(said)
    for name in said.plugins:
        found += brought(name, dry=said.dry)
    rest = [name for name in CATALOGUE if not any(name in one.actions for one in found)]
    return [*found, DryRun(rest)] if said.dry else found


def telling(said: Acting, folder: Path) -> Iterator[Executor]:
    """Give who tells people, each by the address in its file; `OSError` or `ValueError` where it holds none."""
    if said.tell:
        from selfheal_rules.serve.telling import Address, Telling  # noqa: PLC0415 - only where somebody is told

        for action, file in said.tell.items():
            yield Telling(action, Address.read(folder / file), said.dry)


def undone(program: Program, said: Acting | None) -> Report:
    """
    Name each action that rules ask for and nobody would carry out: it would be refused when it is needed.

    Raises:
        ImportError: where the extra `openstack` is missing.
        PluginError: where a plug-in cannot be used.
    """
    if said is None or said.record or said.dry:
        return Report(())
    able = {*said.tell, *(name for one in here() for name in one.actions)}
    able |= {name for one in said.plugins for executor in brought(one, dry=True) for name in executor.actions}
    if said.cloud:
        from selfheal_rules.execute.openstack.adapters import ADAPTERS  # noqa: PLC0415 - an extra

        able |= {*ADAPTERS}
    steps = ((rule, step) for one in program.rulesets for rule in one.rules for step in _steps(rule))
    return Report.of(_undone(rule, step) for rule, step in steps if step.action not in able)


def _steps(rule: Rule) -> Iterator[Do]:
    yield from (step for step in rule.then if isinstance(step, Do))
    yield from rule.outcome.otherwise if rule.outcome else ()


def _undone(rule: Rule, step: Do) -> Diagnostic:
    cure = "add its address under `tell:`" if step.action in TOLD else "name who does it under `plugins:`"
    message = f"no executor carries out `{step.action}`, which rule `{rule.id}` asks for"
    return error(
        "SH450", message, at_text(step.span, step.action), f"{cure} of `executors:`, or try it with `dry: true`"
    )
