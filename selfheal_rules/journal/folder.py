"""What lies on a disk for good: whole writes, and names that outlive a power cut."""

import os
from pathlib import Path


def write_all(file: int, block: bytes) -> None:
    """Write a block to its end: a call may take only part of it."""
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync_folder(folder: Path) -> None:
    """Have what a folder names on disk before returning."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
