"""
A blob and back: what an engine remembers, under the version of the format and the digest of its program.

The blob is a magic word, the format's version, a SHA-256 over the rest, the program's digest, and two compressed
pickles, of the rules and of the state. They may name nothing but the records of this library, frozen mappings and
times: reading them runs no other code. The rules are there so that another program can be told from them one by one;
they are most of a small blob, so they are written once for a program, and read only where it is another one.
"""

import io
import pickle
import zlib
from collections import deque
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from selfheal_rules.compile.arrangement import Arrangement, Lingering
from selfheal_rules.compile.program import Program, compile_rules
from selfheal_rules.decide.control import Control
from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.episode import Episode, Progress
from selfheal_rules.decide.opening import Opening, Written, opening_of
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.diagnostics import SnapshotError
from selfheal_rules.guard.agreement import Approval
from selfheal_rules.guard.ledger import Airborne, Book, Breaker, Ledger, Remembered, Storm
from selfheal_rules.guards import GUARDS, without
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.rows import Derived, Kept, Match, Occurrence, Pending, Record, Row, Support, Tally
from selfheal_rules.model import (
    Aggregate,
    Bound,
    Call,
    Conclude,
    Confirm,
    Count,
    Do,
    Ending,
    Formula,
    Group,
    Guard,
    Literal,
    Parameter,
    ParameterType,
    Pattern,
    Pick,
    Reference,
    Retry,
    Rule,
    RuleSet,
    Same,
    Template,
    Test,
)  # fmt: skip
from selfheal_rules.source import Source, Span
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import Feed, Field, FieldType, Kind, Vocabulary

MAGIC = b"selfheal-snapshot"
VERSION = 9
_HEAD = len(MAGIC) + 1
_DIGEST = 32
_SUM = 32
_LENGTH = 4
_RECORDS = (
    Decision, Opening, Verdict, Written, opening_of, Episode, Progress, Memory, Derived, Kept, Match, Occurrence,
    Pending, Record, Row, Support, Tally, Control, Proposal, Ledger, Book, Airborne, Breaker, Approval, Remembered,
    Storm, FrozenMap, deque, datetime, timedelta, timezone,
    Arrangement, Lingering, Source, Span, Feed, Field, FieldType, Kind, Vocabulary, ParameterType, RuleSet, Rule, Group,
    Pattern, Test, Formula, Call, Literal, Parameter, Reference, Template, Same, Count, Aggregate, Bound, Pick,
    Conclude, Do, Confirm, Retry, Ending, Guard,
)  # fmt: skip
_KNOWN = {(kind.__module__, kind.__qualname__): kind for kind in _RECORDS}


def pack(program: Program, state: object) -> bytes:
    """Write a state with its program."""
    try:
        body = zlib.compress(pickle.dumps((program.arrangement, state), protocol=5), 3)
    except RecursionError:
        message = "conclusions rest on one another too deeply to be written"
        raise SnapshotError(message) from None
    rules = program.written
    rest = program.digest.encode() + len(rules).to_bytes(_LENGTH, "big") + rules + body
    return MAGIC + bytes([VERSION]) + sha256(rest).digest() + rest


def unpack(program: Program, blob: bytes) -> tuple[Program, Any]:
    """
    Read a state back, and the program it is of: the one given, if it is the same.

    Raises:
        SnapshotError: where the blob is no snapshot, of another format or of other rule sets, or damaged.
    """
    written, rules, state = _opened(blob)
    arrangement, remembered = _read(state)
    before = program if written == program.digest else _earlier(program, _read(rules))
    return before.arranged(arrangement), remembered


def program_of(blob: bytes) -> Program:
    """
    Give the program a snapshot was taken of, compiled from the rules in it.

    Raises:
        SnapshotError: where the blob is no snapshot, of another format, or damaged.
    """
    _, rules, _ = _opened(blob)
    return _compiled(_read(rules))


def _opened(blob: bytes) -> tuple[str, bytes, bytes]:
    """Give the digest of the program, its rules, and its arrangement and state, both as they were written."""
    if not isinstance(blob, bytes) or blob[: len(MAGIC)] != MAGIC or len(blob) < _HEAD + _DIGEST + _SUM + _LENGTH:
        message = "this is no snapshot of an engine"
        raise SnapshotError(message)
    if blob[len(MAGIC)] != VERSION:
        message = f"the snapshot is of format {blob[len(MAGIC)]}, and this library reads format {VERSION}"
        raise SnapshotError(message)
    written, rest = blob[_HEAD : _HEAD + _SUM], blob[_HEAD + _SUM :]
    if sha256(rest).digest() != written:
        message = "the snapshot is damaged: its checksum does not match"
        raise SnapshotError(message)
    body = _DIGEST + _LENGTH
    end = body + int.from_bytes(rest[_DIGEST:body], "big")
    return rest[:_DIGEST].decode(), rest[body:end], rest[end:]


def _earlier(program: Program, rulesets: tuple[RuleSet, ...]) -> Program:
    """Compile what was running; a program that shares no rule set with it is no change of it."""
    names, known = [rules.name for rules in rulesets], {rules.name for rules in program.rulesets}
    if not known.intersection(names):
        message = f"the snapshot is of the rule sets {_listed(names)}, and this program has none of them"
        raise SnapshotError(message)
    return _compiled(rulesets)


def _compiled(rulesets: tuple[RuleSet, ...]) -> Program:
    """Compile what was running, if all that it was guarded by is there."""
    names = (guard.name for ruleset in rulesets for rule in ruleset.rules for guard in rule.guard)
    missing = next((name for name in names if name not in GUARDS), None)
    if missing is not None:
        raise SnapshotError(without(missing))
    return compile_rules(*rulesets)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _read(text: bytes) -> Any:
    try:
        return _Reader(io.BytesIO(zlib.decompress(text))).load()
    except SnapshotError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a forged pickle raises, it is a bad snapshot
        message = f"the snapshot cannot be read: {error}"
        raise SnapshotError(message) from None


class _Reader(pickle.Unpickler):
    """Reads records of this library and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Give a known record; refuse everything else."""
        known = _KNOWN.get((module, name))
        if known is None:
            message = f"the snapshot names `{module}.{name}`, which is none of its records"
            raise SnapshotError(message)
        return known
