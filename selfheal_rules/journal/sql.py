"""
The journal in a database: one transaction a batch, and a row that says who may write.

SQLAlchemy speaks to SQLite, PostgreSQL and MariaDB by URL: `sqlite:///heal.db`, `postgresql+psycopg://…`,
`mariadb+pymysql://…`. A row holds a line exactly as a file would, so chain and checks are the same. A database may hold
several journals, by name.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from selfheal_rules.diagnostics import JournalError
from selfheal_rules.journal.inbox import MOST, Note
from selfheal_rules.journal.journal import named
from selfheal_rules.journal.record import BrokenJournalError, Chain, Entry, Place, Record, follow, parse

if TYPE_CHECKING:
    from selfheal_rules.journal.journal import Torn

_EXACT: Mapping[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}
"""Where nothing is said, some servers take `Prod` and `prod` for one name, and keep Western letters alone."""
TABLES = sa.MetaData()
RECORDS = sa.Table(
    "selfheal_journal",
    TABLES,
    sa.Column("journal", sa.String(64), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("line", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False),
    sa.Index("selfheal_journal_type", "journal", "type", "n"),
    **_EXACT,
)
WRITERS = sa.Table(
    "selfheal_writer",
    TABLES,
    sa.Column("journal", sa.String(64), primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("ends", sa.BigInteger, nullable=False),
    **_EXACT,
)
INBOX = sa.Table(
    "selfheal_inbox",
    TABLES,
    sa.Column("journal", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("text", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), nullable=False),
    sa.Column("flaw", sa.Text(), nullable=False),
    **_EXACT,
)

_NOW: Mapping[str, str] = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)",
    "mysql": "UNIX_TIMESTAMP()",
    "mariadb": "UNIX_TIMESTAMP()",
}
"""Seconds since 1970 by the clock of the database: the one clock that all who share the journal have."""

_PAGE = 1_000
_LONGEST = 64


class Database:
    """A database as journal and lease use it: transactions that are whole, and errors that are ours."""

    def __init__(self, url: str) -> None:
        """
        Connect to nothing yet.

        Raises:
            JournalError: where the URL is none, or its driver is not installed.
        """
        self.where = named(url) if "://" in url else "the database"
        with self.failing("opened"):
            self.engine = sa.create_engine(url, pool_pre_ping=True)  # a server may end what was idle for long
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _leave_transactions_to_us)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def transaction(self, how: str) -> Iterator[sa.Connection]:
        """Do all of it or nothing; on SQLite no other transaction that writes goes on at the same time."""
        with self.failing(how), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Look, without keeping anyone from writing."""
        with self.failing("read"), self.engine.connect().execution_options(selfheal_reads=True) as connection:
            yield connection

    @contextmanager
    def failing(self, how: str) -> Iterator[None]:
        """Say what failed in the database's own words; never the statement, which has the data in it."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, ImportError, ValueError, TypeError) as error:  # of a driver, the last
            told = getattr(error, "orig", None) or error
            message = f"journal `{self.where}` cannot be {how}: {' '.join(str(told).split())}"
            raise JournalError(message) from error

    def create(self) -> None:
        """Make the tables that are missing."""
        with self.failing("opened"):
            TABLES.create_all(self.engine)

    def has_tables(self) -> bool:
        """Whether a journal was ever begun in it; looking makes no file."""
        if self.is_sqlite and not Path(self.engine.url.database or "").exists():
            return False
        with self.failing("read"):
            return sa.inspect(self.engine).has_table(RECORDS.name)

    def now(self) -> sa.TextClause:
        """Give the seconds since 1970 by the database's clock, as SQL."""
        return sa.text(_NOW[self.engine.dialect.name])


def _leave_transactions_to_us(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    """Keep sqlite3 from beginning transactions by itself, and too late; let others read on; sync every commit."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    reads = connection.get_execution_options().get("selfheal_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


class SqlJournal:
    """
    A journal under a name in a database; the tables are made when somebody becomes its writer.

    `ttl` is for how many seconds the lease holds without being looked at.
    """

    torn: "Torn | None" = None
    """Always None: a database has a batch, or has it not."""

    def __init__(self, url: str, *, name: str = "selfheal", ttl: int = 30) -> None:
        """Connect to nothing yet; `JournalError` where the URL is none, or the name no name everywhere."""
        if not 0 < len(name) <= _LONGEST or name != name.strip() or not name.isprintable():  # servers differ in these
            message = f"{name!r} is no name of a journal: take 1 to {_LONGEST} signs, and no space at its ends"
            raise JournalError(message)
        self.name = name
        self.ttl = ttl
        self.database = Database(url)
        self._chain = Chain()
        self._writing = False

    @property
    def inputs(self) -> int:
        """How many inputs it held when it was last fenced or appended to."""
        return self._chain.inputs

    def lease(self) -> "RowLease":
        """Give the lease that goes with it."""
        return RowLease(self.database, self.name, self.ttl)

    def is_held(self) -> bool:
        """Whether anybody holds that lease, as far as can be told without taking it."""
        return self.lease().is_held()

    def inbox(self) -> "Tray":
        """Give the inbox that goes with it."""
        return Tray(self.database, self.name)

    # Reading

    def exists(self) -> bool:
        """Whether there is one: looking makes none."""
        return self.database.has_tables() and bool(self._page(0))

    def records(self) -> Iterator[Record]:
        """Give every record from the first on, each held against the one before."""
        return follow(self._read(0)) if self.database.has_tables() else iter(())

    def recent(self) -> Iterator[Record]:
        """Give the records from the last snapshot on; none where there is no snapshot."""
        if not self.database.has_tables():
            return iter(())
        last = sa.select(sa.func.max(RECORDS.c.n)).where(self._mine(RECORDS), RECORDS.c.type == "snapshot")
        with self.database.reading() as connection:
            begin = connection.scalar(last)
        return iter(()) if begin is None else follow(self._read(begin - 1))

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.journal == self.name

    def _read(self, after: int) -> Iterator[Record]:
        record = None
        while rows := self._page(after):
            for row in rows:
                record = self._parsed(row)
                yield record
            after = rows[-1].n
        if record is not None and record.left:
            why = f"the {record.left} that should follow in its batch are missing"
            raise BrokenJournalError(record.place, record.number, why)

    def _page(self, after: int) -> Sequence[sa.Row[Any]]:
        page = sa.select(RECORDS).where(self._mine(RECORDS), after < RECORDS.c.n).order_by(RECORDS.c.n).limit(_PAGE)
        with self.database.reading() as connection:
            return connection.execute(page).all()

    def _parsed(self, row: sa.Row[Any]) -> Record:
        place = Place(f"{self.database.where} {self.name}", row.n, "row")
        record = parse(row.line.encode(), place)
        if record.type != row.type:
            why = f"its row calls it a `{row.type}`, and it is a `{record.type}`"
            raise BrokenJournalError(place, record.number, why)
        return record

    # Writing

    def fence(self) -> int:
        """Become the writer: every older token is stale from now on; gives the new token."""
        self.database.create()
        last = sa.select(RECORDS).where(self._mine(RECORDS)).order_by(RECORDS.c.n.desc()).limit(1)
        with self.database.transaction("opened") as connection:
            newest = _locked(connection, self.name).token
            row = connection.execute(last).one_or_none()
            self._chain = self._parsed(row).end if row else Chain()
            token = max(newest, self._chain.number) + 1
            connection.execute(sa.update(WRITERS).where(self._mine(WRITERS)).values(token=token))
        self._writing = True
        return int(token)

    def check(self, token: int) -> None:
        """Look whether a token is still the newest; `JournalError` where it is stale."""
        with self.database.reading() as connection:
            _compare(token, connection.scalar(sa.select(WRITERS.c.token).where(self._mine(WRITERS))) or 0)

    def append(self, entries: Sequence[Entry], token: int) -> None:
        """Write a batch and have it on disk before returning."""
        lines, chain = self._chain.link(entries)
        if not lines:
            return
        if not self._writing:
            message = f"journal `{self.database.where}` is not open for writing: `fence` it, which looks at what it has"
            raise JournalError(message)
        first = self._chain.number + 1
        rows = [
            {"journal": self.name, "n": n, "type": entry.type, "line": line[:-1]}
            for n, (entry, line) in enumerate(zip(entries, lines, strict=True), first)
        ]
        self._writing = False
        with self.database.transaction("written") as connection:
            _compare(token, _locked(connection, self.name).token)
            connection.execute(sa.insert(RECORDS), rows)
        self._chain, self._writing = chain, True

    def close(self) -> None:
        """Let go of the connections."""
        self._writing = False
        self.database.engine.dispose()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def _locked(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """Give the row of a journal, locked until the transaction ends; made where it is missing."""
    wanted = sa.select(WRITERS).where(WRITERS.c.journal == name).with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        connection.execute(sa.insert(WRITERS).values(journal=name, token=0, holder="", ends=0))
        row = connection.execute(wanted).one()
    return row


def _compare(token: int, newest: int) -> None:
    if token != newest:
        message = f"token {token} is stale: another engine took over under token {newest}"
        raise JournalError(message)


class RowLease:
    """A row with a holder and an end, by the database's clock; it goes to another when its end has passed."""

    def __init__(self, database: Database, name: str, ttl: int) -> None:
        """Ask for nothing yet."""
        self._database = database
        self._name = name
        self._ttl = ttl
        self._me = f"{os.uname().nodename}, process {os.getpid()}, {os.urandom(8).hex()}"

    def acquire(self, *, by_force: bool = False) -> None:
        """Take the lease where it is free or has run out; by force even where another holds it."""
        self._database.create()
        with self._database.transaction("written") as connection:
            row = _locked(connection, self._name)
            now = connection.scalar(sa.select(self._database.now()))
            if row.holder not in {"", self._me} and row.ends > now and not by_force:
                message = f"another engine holds the lease of `{self._database.where}`: {row.holder}"
                raise JournalError(message)
            self._hold(connection)

    def _hold(self, connection: sa.Connection, *more: sa.ColumnElement[bool]) -> int:
        ends = sa.text(f"{self._database.now()} + {self._ttl}")
        update = sa.update(WRITERS).where(WRITERS.c.journal == self._name, *more)
        return connection.execute(update.values(holder=self._me, ends=ends)).rowcount

    def check(self) -> None:
        """Look whether it is still held, and renew it: until another takes it, even after its end."""
        with self._database.transaction("written") as connection:
            if not self._hold(connection, WRITERS.c.holder == self._me):
                message = f"the lease of `{self._database.where}` is lost"
                raise JournalError(message)

    def is_held(self) -> bool:
        """Whether anybody holds it: there is a holder, and its end has not come."""
        wanted = sa.select(WRITERS).where(WRITERS.c.journal == self._name)
        if not self._database.has_tables():
            return False
        with self._database.reading() as connection:
            row = connection.execute(wanted).one_or_none()
            now = connection.scalar(sa.select(self._database.now()))
        return row is not None and row.holder != "" and row.ends > now

    def release(self) -> None:
        """Give the lease back; harmless where it is not held, or nobody ever began a journal."""
        if not self._database.has_tables():
            return
        with self._database.transaction("written") as connection:
            mine = (WRITERS.c.journal == self._name, WRITERS.c.holder == self._me)
            connection.execute(sa.update(WRITERS).where(*mine).values(holder="", ends=0))


class Tray:
    """The inbox of a journal in a database: a row a note, with a flaw where it was put aside."""

    def __init__(self, database: Database, name: str) -> None:
        """Ask for nothing yet."""
        self._database = database
        self._name = name

    def put(self, name: str, text: str) -> None:
        """Have a note on disk before returning."""
        self._database.create()
        with self._database.transaction("written") as connection:
            connection.execute(sa.insert(INBOX).values(journal=self._name, name=name, text=text, flaw=""))

    def notes(self) -> list[Note]:
        """Give the notes that wait, in the order of their names; of very many the first `MOST`."""
        return self._found(INBOX.c.flaw == "", MOST)

    def aside(self) -> list[Note]:
        """Give the notes that were put aside."""
        return self._found(INBOX.c.flaw != "")

    def _found(self, which: sa.ColumnElement[bool], most: int | None = None) -> list[Note]:
        wanted = sa.select(INBOX).where(INBOX.c.journal == self._name, which).order_by(INBOX.c.name).limit(most)
        with self._database.reading() as connection:
            return [Note(row.name, row.text, row.flaw) for row in connection.execute(wanted)]

    def remove(self, name: str) -> None:
        """Take a note away, for good before returning; harmless where it is gone."""
        with self._database.transaction("written") as connection:
            connection.execute(sa.delete(INBOX).where(*self._is(name)))

    def put_aside(self, note: Note) -> None:
        """Keep a note with its flaw, where no healer takes it up again."""
        with self._database.transaction("written") as connection:
            connection.execute(sa.update(INBOX).where(*self._is(note.name)).values(flaw=note.flaw))

    def _is(self, name: str) -> tuple[sa.ColumnElement[bool], ...]:
        return INBOX.c.journal == self._name, INBOX.c.name == name
