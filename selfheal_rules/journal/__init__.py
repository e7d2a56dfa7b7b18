"""The record of inputs and of what followed from them: written before it is acted on, read back to go on."""

from selfheal_rules.journal.journal import Journal, Lease, Torn
from selfheal_rules.journal.record import Entry, Record

__all__ = ["Entry", "Journal", "Lease", "Record", "Torn"]
