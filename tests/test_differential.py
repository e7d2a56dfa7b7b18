"""Native and reference agree on generated rule sets and streams; so do an engine and itself by other ways."""

from pathlib import Path

import pytest
from attrs import define

from selfheal_rules.match.memory import LAPSE
from selfheal_rules.match.supports import Supports
from tests import compare
from tests.changes import changing_agrees_with_the_reference, what_is_kept_goes_on
from tests.engines import oracle
from tests.generate.cases import Case, case
from tests.independent import reordering_changes_nothing
from tests.shrink import smallest

SIZE = 50
"""Cases in one block: enough that a block is worth a worker, few enough that a failure is found soon."""

BLOCKS, SOME = 70, 8
"""How many blocks run by themselves, and how many every day; `--cases` asks for more."""

COUNTED = 15
"""In how many cases of any block something must have matched; `test_reference` says in how many of all."""

EVERY = 32
"""One in so many cases is played in other ways, too."""


@define
class Block:
    """Cases with the seeds from the first on."""

    first: int
    done: Path | None = None
    counted: int = 0
    """In how many of them something matched, where anybody looks."""

    def broken(self, name: str, holds: compare.Property, every: int = 1) -> str:
        """Say all about the first case that a property does not hold of, made small."""
        tried = 0
        for seed in range(self.first, self.first + SIZE, every):
            one = case(seed)
            rules = compare.loaded(one)
            tried += rules is not None
            if rules and (said := compare.told(one, rules, holds)):
                return f"seed {seed}\n{smallest(seed, holds) or said}"
        if self.done:
            with self.done.open("a") as file:
                file.write(f"{name} {self.first} {tried} {self.counted}\n")
        return ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the seeds asked for into blocks, and leave out those that are done."""
    if "block" not in metafunc.fixturenames:
        return
    asked, first, done, whole = map(metafunc.config.getoption, ("--cases", "--seed", "--done", "--whole"))
    known = done.read_text().splitlines() if done and done.exists() else ()
    over = {int(line.split()[1]) for line in known if line.startswith(f"{metafunc.function.__name__} ")}
    firsts = range(first, first + (SIZE * (BLOCKS if whole else SOME) if asked is None else asked), SIZE)
    left = [Block(one, done) for one in firsts if one not in over]
    metafunc.parametrize("block", left, ids=[str(one.first) for one in left])


@pytest.mark.millions
def test_native_agrees_with_the_reference(block: Block) -> None:
    """Every input has the same disposition, decisions and states, and no change comes before the deadline named."""

    def agrees(one: Case, rules: compare.Rules) -> str:
        reference = oracle(*rules, max_age=one.max_age, max_ahead=one.max_ahead)
        said = compare.difference_from(reference, one, rules)
        block.counted += bool(reference.engine.hits)
        return said

    assert "" == block.broken("test_native_agrees_with_the_reference", agrees)
    assert block.counted >= COUNTED


@pytest.mark.millions
def test_post_is_advance_and_post(block: Block) -> None:
    """Stopping at every deadline, and before every input, changes nothing."""
    assert "" == block.broken("test_post_is_advance_and_post", compare.advancing_changes_nothing, EVERY)


@pytest.mark.millions
def test_a_snapshot_changes_nothing(block: Block) -> None:
    """Whatever input an engine is restored before, it goes on as if nothing had been."""
    assert "" == block.broken("test_a_snapshot_changes_nothing", compare.restoring_changes_nothing, EVERY)


@pytest.mark.millions
def test_the_order_of_independent_inputs_changes_nothing(block: Block) -> None:
    """Inputs of one time that no rule brings together may come in any order."""
    name = "test_the_order_of_independent_inputs_changes_nothing"
    assert "" == block.broken(name, reordering_changes_nothing, EVERY)


@pytest.mark.millions
def test_rules_may_change(block: Block) -> None:
    """[31] At any input, to rules some of which are the same: native and reference go on alike."""
    assert "" == block.broken("test_rules_may_change", changing_agrees_with_the_reference, EVERY // 2)


@pytest.mark.millions
def test_a_change_of_other_rules_changes_nothing(block: Block) -> None:
    """[31] A rule that is the same decides what it would have, and the restore decides nothing."""
    assert "" == block.broken("test_a_change_of_other_rules_changes_nothing", what_is_kept_goes_on, EVERY)


@pytest.mark.whole
def test_what_differs_is_told_in_a_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an engine in which conclusions outlive their `ttl`, the case is one rule or two and two inputs or three."""

    def late(self: Supports, support: object, ends: int) -> None:
        support.ends = ends + 1_000_000  # type: ignore[attr-defined]
        self.memory.timer(ends + 1_000_000, LAPSE, support)

    monkeypatch.setattr(Supports, "lapse", late)
    said = Block(300).broken("", compare.first_difference)  # that is made small soon
    rules, lines = said.count("  - id:"), said.splitlines()
    inputs = [line for line in lines if line.startswith("  ") and line[2].isdigit()]
    assert ('"ttl": "1s"' in said, rules <= 3, 2 <= len(inputs) <= 3) == (True, True, True), said
