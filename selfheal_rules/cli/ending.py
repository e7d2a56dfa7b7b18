"""How a command ends: what its exit code says, and the one exception that ends it early."""

from enum import IntEnum


class Code(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    CANNOT_LOAD = 3
    INTERRUPTED = 130


class Refused(Exception):  # noqa: N818 - an ending a user caused, not a fault
    """The command cannot go on; the message is for the user, the code for who called."""

    def __init__(self, message: str, code: Code = Code.CANNOT_LOAD) -> None:
        """Say why, and how it ends."""
        super().__init__(message)
        self.code = code


def reason(error: OSError | RuntimeError) -> str:
    """Give what the system says of a failed call, as messages are written here."""
    return (getattr(error, "strerror", None) or str(error)).lower()
