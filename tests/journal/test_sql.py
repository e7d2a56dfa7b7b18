"""What the journal in a database promises beside the contract."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.sql import RECORDS, WRITERS, Database, SqlJournal
from tests.journal.rig import beats
from tests.journal.storages import SERVERS, STORAGES, Rows


@pytest.fixture(params=[name for name in STORAGES if name != "file"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rows]:
    """Give a place in a database."""
    made = STORAGES[request.param](tmp_path)
    assert isinstance(made, Rows)
    yield made
    made.close()


def _change(rows: Rows, statement: sa.Executable) -> None:
    database = Database(rows.url)
    with database.transaction("written") as connection:
        connection.execute(statement)
    database.engine.dispose()


def test_two_journals_in_one_database_know_nothing_of_each_other(rows: Rows) -> None:
    """Each has its own records, writer and lease."""
    one, other = rows.open(), SqlJournal(rows.url, name=f"{rows.name}-other")
    rows.opened.append(other)
    one.lease().acquire()
    other.lease().acquire()
    one.append(beats(0, 3), one.fence())
    other.append(beats(0, 1), other.fence())
    assert (3, 1) == (len(list(one.records())), len(list(other.records())))


def test_a_lease_that_ran_out_goes_to_another(rows: Rows) -> None:
    """Its holder keeps it as long as nobody asks, and sees it when somebody did."""
    first, second = rows.open().lease(), rows.open().lease()
    first.acquire()
    over = sa.update(WRITERS).where(WRITERS.c.journal == rows.name).values(ends=1)
    _change(rows, over)
    first.check()
    with pytest.raises(JournalError, match=r"holds the lease of .*: .*, process \d+"):
        second.acquire()
    _change(rows, over)
    second.acquire()
    with pytest.raises(JournalError, match="is lost"):
        first.check()
    first.release()
    second.check()


def test_a_batch_whose_end_is_missing_is_refused(rows: Rows) -> None:
    """A database has a batch or has it not; where the last rows are gone, somebody took them."""
    journal = rows.open()
    journal.append(beats(0, 5), journal.fence())
    _change(rows, sa.delete(RECORDS).where(RECORDS.c.journal == rows.name, RECORDS.c.n > 3))
    with pytest.raises(JournalError, match="row 3, record 3: the 2 that should follow in its batch are missing"):
        list(rows.open().records())


def test_a_row_that_lies_about_its_line_is_refused(rows: Rows) -> None:
    """The columns are for looking things up; the line is the record."""
    journal = rows.open()
    journal.append(beats(0, 3), journal.fence())
    _change(rows, sa.update(RECORDS).where(RECORDS.c.journal == rows.name, RECORDS.c.n == 2).values(type="snapshot"))
    with pytest.raises(JournalError, match="row 2, record 2: its row calls it a `snapshot`, and it is a `event`"):
        list(rows.open().recent())


def test_a_batch_the_database_refuses_is_not_there(rows: Rows) -> None:
    """Nothing of it is, and nothing more is taken until the journal has been looked at."""
    journal = rows.open()
    token = journal.fence()
    journal.append(beats(0, 2), token)
    line = {"journal": rows.name, "n": 4, "type": "event", "line": "in the way"}
    _change(rows, sa.insert(RECORDS).values(**line))
    with pytest.raises(JournalError, match="cannot be written"):
        journal.append(beats(2, 5), token)
    with pytest.raises(JournalError, match="is not open for writing: `fence` it"):
        journal.append(beats(2, 5), token)
    _change(rows, sa.delete(RECORDS).where(RECORDS.c.journal == rows.name, RECORDS.c.n == 4))
    journal.append(beats(2, 5), journal.fence())
    assert [1, 2, 3, 4, 5] == [record.number for record in rows.open().records()]


def test_what_the_database_says_does_not_hold_the_data(rows: Rows) -> None:
    """An error names the cause in the database's words, without the statement and what was in it."""
    journal = rows.open()
    token = journal.fence()
    _change(rows, sa.insert(RECORDS).values(journal=rows.name, n=1, type="event", line="in the way"))
    with pytest.raises(JournalError) as raised:
        journal.append(beats(0, 1), token)
    assert ("INSERT" in str(raised.value), '"host"' in str(raised.value)) == (False, False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nonsense", "journal `the database` cannot be opened: could not parse sqlalchemy url"),
        (
            "postgresql://u:hunter2@here:port/db",
            "journal `postgresql://here:port/db` cannot be opened: invalid literal",
        ),
        ("cassandra://here/db", "can't load plugin: sqlalchemy.dialects:cassandra"),
        ("postgresql+pg8000://u:hunter2@here/db", "no module named 'pg8000'"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_clear_error(url: str, expected: str) -> None:
    """What is wrong with it is said, and a password in it is not."""
    with pytest.raises(JournalError) as raised:
        SqlJournal(url)
    assert expected in str(raised.value).lower()
    assert "hunter2" not in str(raised.value)


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    """Nobody listens on port 1; the password stays out of the message."""
    with pytest.raises(JournalError, match=r"cannot be opened: .*refused") as raised:
        SqlJournal("postgresql+psycopg://u:hunter2@127.0.0.1:1/db").fence()
    assert "hunter2" not in str(raised.value)


def test_looking_makes_no_file(tmp_path: Path) -> None:
    """A misspelt name gives an empty journal, and leaves nothing behind."""
    assert [] == list(SqlJournal(f"sqlite:///{tmp_path / 'hael.db'}").records())
    assert [] == list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    """What is in it is left alone."""
    path = tmp_path / "heal.db"
    path.write_text("a shopping list, long enough not to be an empty database" * 40)
    with pytest.raises(JournalError, match="file is not a database"):
        SqlJournal(f"sqlite:///{path}").fence()
    assert path.read_text().startswith("a shopping list")


def test_a_full_disk_is_a_clear_error(small_disk: Path) -> None:
    """What no longer fits is not there, and what was there can be read."""
    journal = SqlJournal(f"sqlite:///{small_disk / 'heal.db'}")
    with pytest.raises(JournalError, match=r"disk is full|disk I/O error"):
        _fill(journal, journal.fence())
    numbers = [record.number for record in journal.records()]
    journal.close()
    assert (list(range(1, len(numbers) + 1)), 0) == (numbers, len(numbers) % 5)


def _fill(journal: SqlJournal, token: int) -> None:
    for first in range(0, 1_000, 5):
        journal.append(beats(first, first + 5), token)


@pytest.mark.parametrize(("name", "variable"), SERVERS.items())
def test_the_servers_are_real(name: str, variable: str) -> None:
    """Where they are given, all that is asked of a journal is asked of these, too."""
    if variable not in os.environ:
        pytest.skip(f"{variable} names no {name} server; `python -m tests.servers COMMAND` starts one")
    database = Database(os.environ[variable])
    with database.reading() as connection:
        version = str(connection.scalar(sa.text("SELECT version()")))
    database.engine.dispose()
    assert name in version.lower()


def test_every_commit_is_synced(tmp_path: Path) -> None:
    """SQLite is told so on each connection; its default in this mode would lose the last batches with the power."""
    database = Database(f"sqlite:///{tmp_path / 'heal.db'}")
    database.create()
    with database.reading() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    database.engine.dispose()
    assert ([2, "wal"], True) == (found, sqlite3.sqlite_version_info > (3, 35))


def test_names_are_told_apart_by_every_sign(rows: Rows) -> None:
    """`Prod` is not `prod`, on whatever server, and what one server tells apart and another does not is no name."""
    rows.opened += [SqlJournal(rows.url, name=name) for name in ("Prod", "prod")]
    first, second = rows.opened
    first.append(beats(0, 3), first.fence())
    assert (True, False) == (first.exists(), second.exists())
    for name in ("prod ", "", "p" * 65, "prod\x00"):
        with pytest.raises(JournalError, match="is no name of a journal: take 1 to 64 signs, and no space at its ends"):
            SqlJournal(rows.url, name=name)


KILL = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()",
}


def test_a_connection_that_was_cut_is_made_anew(rows: Rows) -> None:
    """A server ends what is idle for long, and is well; so is who comes back to it."""
    journal = rows.open()
    token = journal.fence()
    journal.append(beats(0, 1), token)
    database = Database(rows.url)
    if database.is_sqlite:
        pytest.skip("there is no connection")
    with database.reading() as connection:
        for (found,) in connection.execute(sa.text(KILL[database.engine.dialect.name])).all():
            if database.engine.dialect.name == "mariadb":
                connection.execute(sa.text(f"KILL {found}"))
    database.engine.dispose()
    journal.append(beats(1, 2), token)
    assert 2 == len(list(journal.records()))
