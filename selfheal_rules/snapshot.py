"""
A blob and back: what an engine remembers, under the version of the format and the digest of its program.

The blob is a magic word, the format's version, the program's digest, a SHA-256 over the rest, and a compressed pickle
that may name nothing but the records of this library, frozen mappings and times: reading it runs no other code.
"""

import io
import pickle
import zlib
from collections import deque
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from selfheal_rules.decide.decision import Decision, Verdict
from selfheal_rules.decide.episode import Episode, Progress
from selfheal_rules.decide.opening import Opening, Written, opening_of
from selfheal_rules.diagnostics import SnapshotError
from selfheal_rules.match.memory import Memory
from selfheal_rules.match.rows import Derived, Kept, Match, Occurrence, Pending, Record, Row, Support, Tally
from selfheal_rules.values import FrozenMap

MAGIC = b"selfheal-snapshot"
VERSION = 1
_HEAD = len(MAGIC) + 1
_DIGEST = 32
_SUM = 32
_RECORDS = (
    Decision, Opening, Verdict, Written, opening_of, Episode, Progress, Memory, Derived, Kept, Match, Occurrence,
    Pending, Record, Row, Support, Tally, FrozenMap, deque, datetime, timedelta, timezone,
)  # fmt: skip
_KNOWN = {(kind.__module__, kind.__qualname__): kind for kind in _RECORDS}


def pack(digest: str, state: object) -> bytes:
    """Write a state under the digest of its program."""
    try:
        body = zlib.compress(pickle.dumps(state, protocol=5), 3)
    except RecursionError:
        message = "conclusions rest on one another too deeply to be written"
        raise SnapshotError(message) from None
    return MAGIC + bytes([VERSION]) + digest.encode() + sha256(body).digest() + body


def unpack(digest: str, blob: bytes) -> Any:
    """
    Read a state back.

    Raises:
        SnapshotError: where the blob is no snapshot, of another format or program, or damaged.
    """
    if not isinstance(blob, bytes) or blob[: len(MAGIC)] != MAGIC or len(blob) < _HEAD + _DIGEST + _SUM:
        message = "this is no snapshot of an engine"
        raise SnapshotError(message)
    if blob[len(MAGIC)] != VERSION:
        message = f"the snapshot is of format {blob[len(MAGIC)]}, and this library reads format {VERSION}"
        raise SnapshotError(message)
    written, rest = blob[_HEAD : _HEAD + _DIGEST].decode(errors="replace"), blob[_HEAD + _DIGEST :]
    if sha256(rest[_SUM:]).digest() != rest[:_SUM]:
        message = "the snapshot is damaged: its checksum does not match"
        raise SnapshotError(message)
    if written != digest:
        message = f"the snapshot is of program {written}, and this is program {digest}"
        raise SnapshotError(message)
    try:
        return _Reader(io.BytesIO(zlib.decompress(rest[_SUM:]))).load()
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
