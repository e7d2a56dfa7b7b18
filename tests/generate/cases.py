"""One case of the differential test: a rule set, a stream and settings, all out of one number."""

from datetime import timedelta
from random import Random

from attrs import frozen

from tests.generate.rules import Maker
from tests.generate.steps import rulesets
from tests.generate.streams import Input, Stream


@frozen
class Case:
    """What two engines are given; `texts` are rule sets, `forms` names the forms of the language in each rule."""

    seed: int
    texts: tuple[str, ...]
    items: tuple[Input, ...]
    max_age: timedelta
    max_ahead: timedelta | None
    forms: dict[str, set[str]]


def case(seed: int) -> Case:
    """Give the case of a seed; the same on every machine."""
    random = Random(seed)
    maker = Maker(random)
    texts = rulesets(maker)
    items = tuple(Stream(random).take(random.randint(20, 34)))
    max_age = timedelta(seconds=random.choice((5, 10, 10, 600)))
    max_ahead = random.choice((None, None, timedelta(seconds=10)))
    return Case(seed, texts, items, max_age, max_ahead, maker.forms)
