"""What a source promises."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from selfheal_rules.events import Event
from selfheal_rules.integrations.intake import Full, Intake, Offer, Receipt
from selfheal_rules.integrations.webhook import Reader
from selfheal_rules.serve.sources import Setting, Source
from selfheal_rules.vocabulary import Vocabulary

SOON = 20.0
_PACE = 0.02


class SourceContract:
    """
    A source: it brings what it is sent, and lets go of it only once the journal has it.

    Where the source works, the tests are: each brings one payload to it.
    """

    vocabulary: Vocabulary
    """The kinds it brings."""

    def setup_method(self) -> None:
        """Make the folder in which one process after the other works; pytest calls it, and the one that ends it."""
        self._folder = TemporaryDirectory()

    def teardown_method(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def source(self, setting: Setting) -> Source:
        """Make the source, as a process that begins does; it goes on where the one before it ended."""
        raise NotImplementedError

    def send(self, number: int) -> None:
        """Have something come to the source, of which one item is made; each number is another item."""
        raise NotImplementedError

    def let_go(self) -> int:
        """Count what was sent and will not come again: it was acknowledged, or its place was noted."""
        raise NotImplementedError

    def test_it_lets_go_once_the_journal_has_it(self) -> None:
        """Before the answer nothing is acknowledged; after it, it is."""
        with self._running() as intake:
            self.send(1)
            (offer,) = _offers(intake)
            assert len(offer.items) == 1, f"one payload made {len(offer.items)} items"
            before = self.let_go()
            offer.answer.set_result(Receipt(1))
            _until(lambda: self.let_go() == before + 1, "it does not let go of what the journal has")

    def test_what_nobody_answered_for_comes_again(self) -> None:
        """A process that ended before the journal had it did not take it away."""
        with self._running() as intake:
            self.send(1)
            (lost,) = _offers(intake)
            held = self.let_go()
            lost.answer.set_exception(Full("the healer ended before it was taken"))
        assert held == self.let_go(), "it let go of what no journal has"
        with self._running() as intake:
            (offer,) = _offers(intake)
            assert _ids(lost) == _ids(offer), "it comes under another id"
            offer.answer.set_result(Receipt(1))
            _until(lambda: self.let_go() == held + 1, "it does not let go of what the journal has")

    def test_a_full_line_loses_nothing(self) -> None:
        """Where so many offers wait that no more are taken, it waits as well, and brings the rest later."""
        with self._running(most=1) as intake:
            for number in range(1, 4):
                self.send(number)
            taken = 0
            while taken < 3:  # noqa: PLR2004 - as many as were sent
                for offer in _offers(intake):
                    taken += len(offer.items)
                    offer.answer.set_result(Receipt(len(offer.items)))

    @contextmanager
    def _running(self, most: int = 1000) -> Iterator[Intake]:
        intake = Intake(most)
        source = self.source(Setting(Path(self._folder.name), intake, self._reader, _now, time.monotonic))
        source.start()
        try:
            yield intake
        finally:
            intake.abandon()
            source.stop()

    def _reader(self) -> Reader:
        return Reader(self.vocabulary, _now)


def _now() -> datetime:
    return datetime.now(UTC)


def _offers(intake: Intake) -> list[Offer]:
    found = intake.gather(10, SOON)
    assert found, "nothing came"
    return found


def _ids(offer: Offer) -> list[str]:
    return [one.id for one in offer.items if isinstance(one, Event)]


def _until(shows: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + SOON
    while not shows():
        assert time.monotonic() < end, otherwise
        time.sleep(_PACE)
