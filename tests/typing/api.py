"""The public types as a caller sees them: checked by mypy, never run."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import selfheal_rules as sr


def _program(folder: Path) -> sr.Program:
    rules = sr.load_rules(folder)
    assert_type(rules, sr.RuleSet)
    assert_type(sr.check_rules(rules), sr.Report)
    return sr.compile_rules(rules)


def _refused(folder: Path) -> tuple[sr.Diagnostic, ...]:
    try:
        _program(folder)
    except sr.RuleSetError as error:
        return error.report.findings
    return ()


def _steps(program: sr.Program, items: Iterable[sr.Event | sr.State]) -> list[sr.Decision]:
    engine = sr.Engine(program)
    found: list[sr.Decision] = []
    for item in items:
        step = engine.post(item)
        assert_type(step, sr.Step)
        found.extend(step)
    found.extend(engine.advance(datetime.now(UTC)))
    return found


def _shown(decision: sr.Decision) -> str:
    assert_type(decision.verdict, sr.Verdict)
    text: str = f"{decision.id} {decision.rule} {decision.action}"
    return text


def _restored(program: sr.Program, engine: sr.Engine) -> sr.Engine:
    blob = engine.snapshot()
    assert_type(blob, bytes)
    return sr.Engine.restore(program, blob)
