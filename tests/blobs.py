"""What a snapshot compresses, for those who look for what must not be in it."""

import zlib

from selfheal_rules.snapshot import MAGIC


def unpacked(blob: bytes) -> bytes:
    """Give the rules and the state, which stand behind the head, the checksum and the digest."""
    body = blob[len(MAGIC) + 1 + 32 + 32 :]
    end = 4 + int.from_bytes(body[:4], "big")
    return zlib.decompress(body[4:end]) + zlib.decompress(body[end:])
