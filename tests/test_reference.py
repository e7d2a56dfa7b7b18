"""The oracle itself: it is what it claims to be, and the generated cases reach every form of the language."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from tests import compare
from tests.engines import oracle, resolved
from tests.generate.cases import Case, case
from tests.generate.streams import Advance, moment
from tests.test_differential import BLOCKS, SIZE

SHARED = {"check", "diagnostics", "events", "model", "parse", "source", "values", "vocabulary"}
"""What of the library the reference and the generator may know."""

SEEDS = range(1200)
COUNTED = 2000
"""How many of the cases of the differential test must be ones in which something matched."""

FLOOR = 4
"""In how many of these cases a form must have matched, and in how many it must not have."""


@pytest.mark.parametrize("folder", ["reference", "generate"])
def test_the_oracle_shares_only_the_front_of_the_library(folder: str) -> None:
    """Leaves, order and windows are its own; else it could only repeat the mistakes it is there to find."""
    found = set()
    for path in sorted((Path(__file__).parent / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("selfheal_rules"):
                found.add((node.module or "").split(".")[1])
    assert set() == found - (SHARED - {"check"}) - ({"decide"} if folder == "generate" else set())  # whom a site hears


def test_a_case_is_a_function_of_its_seed() -> None:
    """The same number gives the same rules and the same stream."""
    assert [case(seed) for seed in range(20)] == [case(seed) for seed in range(20)]


def played(one: Case) -> tuple[set[str], list[str]]:
    """Give which rules of a case ever matched, and the dispositions of its inputs."""
    rules = compare.loaded(one)
    if rules is None:
        return set(), []
    driver = oracle(*rules, max_age=one.max_age, max_ahead=one.max_ahead)
    seen = [driver.take(item) for item in one.items]
    return driver.engine.hits, [answer.disposition for answer in seen if answer]


@pytest.mark.whole
def test_every_form_is_hit_on_both_sides() -> None:
    """Each form of the language stands in rules that matched and in rules that did not; every disposition occurs."""
    hits, misses, dispositions = Counter[str](), Counter[str](), Counter[str]()
    counted = 0
    for seed in SEEDS:
        one = case(seed)
        matched, answers = played(one)
        dispositions.update(answers)
        counted += bool(matched)
        for rule, forms in one.forms.items() if answers else ():
            (hits if rule in matched else misses).update(forms)
    print("\n".join(f"{form:28}{hits[form]:6}{misses[form]:6}" for form in sorted(hits | misses)))  # noqa: T201 - `-s` shows it
    assert counted / len(SEEDS) * SIZE * BLOCKS >= COUNTED
    rare = [form for form in sorted(hits | misses) if min(hits[form], misses[form]) < FLOOR]
    assert ([], []) == (rare, [name for name in DISPOSITIONS if dispositions[name] < FLOOR])


DISPOSITIONS = ("matched", "unmatched", "duplicate", "stale", "ahead", "blocked")


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_looking_more_often_changes_nothing(seed: int) -> None:
    """The reference stops at every instant that matters by itself: stopping elsewhere too makes no difference."""
    one = case(seed)
    rules = compare.loaded(one)
    if rules is None:
        return
    plain, often = (oracle(*rules, max_age=one.max_age) for _ in range(2))
    last = (one.items[0].time - moment(0)).seconds
    for item in one.items:
        if resolved(item, plain.decisions) is None:
            continue
        now = (item.time - moment(0)).seconds
        made = [often.take(Advance(moment(at + half))) for at in range(last, now) for half in (0, 0.5)]
        last = max(last, now)
        expected, actual = plain.take(item), often.take(item)
        if expected and actual:
            before = tuple(decision for seen in made if seen for decision in seen.decisions)
            assert expected == evolve(actual, decisions=(*before, *actual.decisions))
