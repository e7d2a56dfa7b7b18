"""What Acme adds keeps what plug-ins promise: `pytest examples/plugin`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from acme_selfheal import ACTIONS, SHIFT, Board, Claim, Spool

from selfheal_rules.conformance import (
    ActionContract,
    ExecutorContract,
    GuardContract,
    LeaseContract,
    SourceContract,
)
from selfheal_rules.parse.vocabulary import load_vocabulary
from selfheal_rules.serve.sources import Setting

VOCABULARY = Path(__file__).with_name("acme.yaml")
"""Acme's own kinds; a rack that is drained is a state among them."""


class TestAction(ActionContract):
    """The entry of the catalogue."""

    action = ACTIONS[0]
    vocabularies = (VOCABULARY,)


class TestShift(GuardContract):
    """What its people can do."""

    guard, written = SHIFT, "{acme.shift: 2, hours: 1, by: [$lost.az]}"


class TestBoard(ExecutorContract):
    """Who carries it out."""

    action, target, refused = "acme.drain_rack", "r1", "r9"
    given: ClassVar = {"ticket": "T-1"}

    @pytest.fixture(autouse=True)
    def _board(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "board"
        self.folder.mkdir()
        (self.folder / "r1").touch()

    def executor(self, *, dry: bool) -> Board:
        """Give it on the board of this test."""
        return Board(self.folder, dry)

    def world(self) -> str:
        """Read the page of the rack."""
        return (self.folder / "r1").read_text("utf-8")

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Have the board be away."""
        away = self.folder.rename(self.folder.with_name("away"))
        yield
        away.rename(self.folder)


class TestSpool(SourceContract):
    """The source."""

    vocabulary = load_vocabulary(VOCABULARY)

    @pytest.fixture(autouse=True)
    def _spool(self, tmp_path: Path) -> None:
        self.folder, self.sent = tmp_path, 0

    def source(self, setting: Setting) -> Spool:
        """Make it over the folder of this test."""
        return Spool(self.folder, setting, pace=0.01)

    def send(self, number: int) -> None:
        """Put a file there."""
        part = self.folder / f"{number}.part"
        part.write_text(json.dumps({"rack": "r1", "at": "2026-01-01T12:00:00+00:00"}), "utf-8")
        part.rename(part.with_suffix(".json"))
        self.sent += 1

    def let_go(self) -> int:
        """Count the files that are gone."""
        return self.sent - len(list(self.folder.glob("*.json")))


class TestClaim(LeaseContract):
    """The lease."""

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.file = tmp_path / "lease"

    def lease(self) -> Claim:
        """Give it to another holder."""
        return Claim(self.file)
