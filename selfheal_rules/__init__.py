"""
Rules for clouds that heal themselves: YAML in, remediation decisions out.

Names are looked up when they are first used, so that importing a part of the library does not import the rest.
"""

from typing import TYPE_CHECKING

from selfheal_rules.front import front

if TYPE_CHECKING:
    from selfheal_rules.check import check_rules, load_rules
    from selfheal_rules.compile import Program, compile_rules
    from selfheal_rules.decide import Decision, Outcome, Step, Verdict
    from selfheal_rules.diagnostics import (
        Diagnostic,
        EngineError,
        EventError,
        Report,
        RuleSetError,
        SelfHealError,
        SnapshotError,
    )
    from selfheal_rules.engine import Engine
    from selfheal_rules.events import Event, State
    from selfheal_rules.model import RuleSet
    from selfheal_rules.normalize import normalize_payload

__all__ = [
    "Decision",
    "Diagnostic",
    "Engine",
    "EngineError",
    "Event",
    "EventError",
    "Outcome",
    "Program",
    "Report",
    "RuleSet",
    "RuleSetError",
    "SelfHealError",
    "SnapshotError",
    "State",
    "Step",
    "Verdict",
    "check_rules",
    "compile_rules",
    "load_rules",
    "normalize_payload",
]

_HOMES = {
    "Decision": "decide",
    "Diagnostic": "diagnostics",
    "Engine": "engine",
    "EngineError": "diagnostics",
    "Event": "events",
    "EventError": "diagnostics",
    "Outcome": "decide",
    "Program": "compile",
    "Report": "diagnostics",
    "RuleSet": "model",
    "RuleSetError": "diagnostics",
    "SelfHealError": "diagnostics",
    "SnapshotError": "diagnostics",
    "State": "events",
    "Step": "decide",
    "Verdict": "decide",
    "check_rules": "check",
    "compile_rules": "compile",
    "load_rules": "check",
    "normalize_payload": "normalize",
}

if not TYPE_CHECKING:  # a checker that saw it would take any name for one of ours
    __getattr__, __dir__ = front(__name__, globals(), _HOMES)
