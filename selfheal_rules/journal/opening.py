"""A journal by what a user calls it: the path of a file, or the URL of a database."""

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.file import FileJournal
from selfheal_rules.journal.journal import Journal


def open_journal(where: str) -> Journal:
    """
    Give the journal at a path or URL; nothing is read or made yet.

    Raises:
        JournalError: where the URL cannot be used, or the extra it needs is missing.
    """
    if "://" not in where:
        return FileJournal(where)
    try:
        from selfheal_rules.journal.sql import SqlJournal  # noqa: PLC0415 - an extra, for those who name a database
    except ImportError:
        message = "a journal in a database needs SQLAlchemy; install `selfheal-rules[sql]`, and the database's driver"
        raise JournalError(message) from None
    return SqlJournal(where)
