"""One case of the differential test: a rule set, a stream and settings, out of a seed or drawn by hypothesis."""

from datetime import timedelta
from random import Random

from attrs import frozen
from hypothesis import strategies as st

from selfheal_rules.events import Event, State
from selfheal_rules.values import microseconds
from tests.generate.chance import Chance
from tests.generate.rules import Maker
from tests.generate.steps import changed, rulesets, written
from tests.generate.streams import START, Input, Stream

LENGTH = 30
"""How many inputs a stream has, less those that are nothing."""

NUMBERS = [st.integers(0, max(bound - 1, 0)) for bound in range(128)]


@frozen(repr=False)
class Case:
    """What two engines are given; `texts` are rule sets, `forms` names the forms of the language in each rule."""

    texts: tuple[str, ...]
    items: tuple[Input, ...]
    max_age: timedelta
    max_ahead: timedelta | None
    forms: dict[str, set[str]]
    others: tuple[str, ...]
    """The rule sets that take the place of the first before the input numbered `change`."""
    change: int

    def __repr__(self) -> str:
        """Write the rules without the vocabulary that is always the same, then a line for each input."""
        rules = [rules_of(text) for text in self.texts]
        ahead = f", max_ahead {self.max_ahead.seconds}s" if self.max_ahead else ""
        return "\n".join(
            [f"max_age {self.max_age.seconds}s{ahead}", *rules, *(f"  {shown(item)}" for item in self.items)]
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Give a case that hypothesis draws, and makes small where it fails."""
    return drawn(Chance(lambda bound: draw(NUMBERS[bound]), lambda write: draw(st.builds(write))))


def case(seed: int) -> Case:
    """Give the case of a seed; the same on every machine."""
    return drawn(Chance(Random(seed).randrange))


def numbers(seed: int) -> list[int]:
    """Give all that is drawn for the case of a seed: what hypothesis has to draw for it to be the same case."""
    found: list[int] = []
    random = Random(seed)

    def below(bound: int) -> int:
        found.append(random.randrange(bound))
        return found[-1]

    drawn(Chance(below))
    return found


def drawn(chance: Chance) -> Case:
    """Draw a case."""
    maker, stream = Maker(chance.below, chance.whole), Stream(chance.below, chance.whole)
    rules = written(maker)
    texts = rulesets(maker, rules)
    for _ in range(LENGTH):
        maker.part(stream.next)
    stream.last()
    max_age = timedelta(seconds=maker.pick((600, 10, 10, 5)))
    max_ahead = maker.pick((None, None, timedelta(seconds=10)))
    forms = dict(maker.forms)
    others = rulesets(maker, changed(maker, rules))
    change = maker.below(len(stream.written) + 1)
    return Case(texts, tuple(stream.written), max_age, max_ahead, forms, others, change)


def rules_of(text: str) -> str:
    """Give the rules of a file without the vocabulary, which is always the same."""
    return text[text.index("rules:") :]


def shown(item: Input) -> str:
    """Write an input in a line."""
    seconds = f"{(microseconds(item.time) - microseconds(START)) / 1e6:g}s"
    if not isinstance(item, Event | State):
        return f"{seconds} {item}"
    name = f"{item.source}/{item.id}" if isinstance(item, Event) else item.source
    cleared = "clear " if isinstance(item, State) and item.cleared else ""
    return f"{seconds} {cleared}{item.kind} {name} {dict(item.fields)}"
