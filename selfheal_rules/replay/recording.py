"""What was recorded: the inputs of a journal, and the rules it was written under."""

from collections.abc import Iterable, Iterator

from selfheal_rules import snapshot
from selfheal_rules.compile.program import Program
from selfheal_rules.journal.items import Input, input_of, snapshot_of
from selfheal_rules.journal.record import INPUTS, Record


def inputs_of(records: Iterable[Record]) -> Iterator[tuple[int, Input]]:
    """
    Give the inputs among records, in order, each with the number of its record.

    Raises:
        JournalError: where a record does not hold what its type says.
    """
    for record in records:
        if record.type in INPUTS:
            yield record.number, input_of(record)


def program_of(record: Record) -> Program:
    """
    Give the program that a record of type `snapshot` was taken under, its vocabulary included.

    Raises:
        JournalError: where the record holds no snapshot.
        SnapshotError: where the snapshot cannot be read by this version.
    """
    return snapshot.program_of(snapshot_of(record))
