"""A record run again: against one rule set, or against two, to see what a change of the rules would have changed."""

from selfheal_rules.replay.acceptance import (
    Acceptance,
    AcceptanceError,
    Reviewed,
    read_acceptances,
    reviewed,
    write_acceptance,
)
from selfheal_rules.replay.differences import Difference, differences
from selfheal_rules.replay.reasons import reason
from selfheal_rules.replay.recording import inputs_of, program_of
from selfheal_rules.replay.replayed import Refusal, Replay, Replayed, replay

__all__ = [
    "Acceptance",
    "AcceptanceError",
    "Difference",
    "Refusal",
    "Replay",
    "Replayed",
    "Reviewed",
    "differences",
    "inputs_of",
    "program_of",
    "read_acceptances",
    "reason",
    "replay",
    "reviewed",
    "write_acceptance",
]
