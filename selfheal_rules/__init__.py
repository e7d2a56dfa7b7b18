"""Rules for clouds that heal themselves: YAML in, remediation decisions out."""

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
