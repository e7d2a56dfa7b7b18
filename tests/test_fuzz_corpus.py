"""The kept corpus of the fuzzer: every input in it is read, and each once reached what no other did."""

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.target import SEEDS, Choices, holds
from tests.payloads import ROOT

CORPUS = sorted((ROOT / "tests" / "fuzz" / "corpus").iterdir())


def test_the_corpus_is_read() -> None:
    """No input of it stops the reader; together they give items and problems."""
    found = [holds(path.read_bytes()) for path in CORPUS]
    assert len(CORPUS) > 100
    assert sum(items for items, _ in found) > 0
    assert sum(problems for _, problems in found) > 0


@given(st.binary(max_size=40).map(lambda data: b"\x80" + data))
@example(b"\x80")
def test_any_choices_are_read(data: bytes) -> None:
    """Payloads taken apart and put together again give items that fit, or problems."""
    holds(data)


@given(st.lists(st.binary(max_size=40), max_size=4).map(lambda lines: b"\x00" + b"\n".join(lines)))
def test_any_bytes_are_read(data: bytes) -> None:
    """A malformed byte never stops a stream."""
    holds(data)


def test_choices_reach_every_payload() -> None:
    """The first choice is which; when the bytes are used up, the rest are the first."""
    last = len(SEEDS) - 1
    assert (last, 0) == (Choices(last.to_bytes(2, "big")).below(len(SEEDS)), Choices(b"").below(len(SEEDS)))
