"""What was recorded: the inputs of a journal, and the rules it was written under."""

from collections.abc import Collection, Iterable, Iterator

from selfheal_rules import snapshot
from selfheal_rules.compile.program import Program
from selfheal_rules.journal.items import Input, brief, input_of, snapshot_of
from selfheal_rules.journal.record import INPUTS, Record


def inputs_of(records: Iterable[Record], kinds: Collection[str] | None = None) -> Iterator[tuple[int, Input]]:
    """
    Give the inputs among records, in order, each with the number of its record.

    Where only some kinds matter, an event or a state of another is not decoded: the instant it stands for is given in
    its place, for time passes by it as well.

    Raises:
        JournalError: where a record does not hold what its type says.
    """
    for record in records:
        if record.type in INPUTS:
            passing = brief(record) if kinds is not None else None
            if passing is None or kinds is None or passing[0] in kinds:
                yield record.number, input_of(record)
            else:
                yield record.number, passing[1]


def program_of(record: Record) -> Program:
    """
    Give the program that a record of type `snapshot` was taken under, its vocabulary included.

    Raises:
        JournalError: where the record holds no snapshot.
        SnapshotError: where the snapshot cannot be read by this version.
    """
    return snapshot.program_of(snapshot_of(record))
