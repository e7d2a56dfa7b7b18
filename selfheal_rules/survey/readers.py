"""Which rules read what, and what comes of it: whether something is done in the end, or people are told."""

from collections.abc import Iterable, Iterator, Sequence

from attrs import define, field, frozen

from selfheal_rules.actions import risk_of
from selfheal_rules.check.alternatives import expand, shared_type
from selfheal_rules.check.domains import contradict
from selfheal_rules.check.possible import by_field
from selfheal_rules.check.subject import RuleView
from selfheal_rules.check.walk import is_unread, patterns_below
from selfheal_rules.model import Conclude, Condition, Do, Pattern, Reference, RuleSet, Test
from selfheal_rules.vocabulary import Vocabulary


@frozen(eq=False, repr=False)
class Placed:
    """A rule of one of the rule sets."""

    ruleset: RuleSet
    view: RuleView

    @property
    def name(self) -> str:
        """Give it as it is called when several sets run together."""
        return f"{self.ruleset.name} / {self.view.rule.id}"

    @property
    def waited_for(self) -> tuple[tuple[Pattern, ...], ...]:
        """The patterns each alternative of its condition waits for."""
        return tuple(tuple(one.pattern for one in scope.alternative.placed) for scope in self.view.when)

    @property
    def dos(self) -> Iterator[Do]:
        """The steps of `then` that do something."""
        return (step for step in self.view.rule.then if isinstance(step, Do))

    @property
    def concluded(self) -> Iterator[Conclude]:
        """The steps of `then` that conclude something."""
        return (step for step in self.view.rule.then if isinstance(step, Conclude) and not step.cleared)


def blocking(condition: Condition) -> Iterator[Pattern]:
    """Give the patterns of which none may be there."""
    negatives = (negative for found in expand(condition) for negative in found.negatives)
    yield from {id(one): one for negative in negatives for one in patterns_below([negative.item])}.values()


@define(eq=False, repr=False)
class Readers:
    """All rules of some rule sets, by the kinds they wait for and those they conclude."""

    rules: tuple[Placed, ...]
    vocabulary: Vocabulary
    reading: dict[str, list[tuple[Placed, Pattern]]] = field(factory=dict)
    concluding: dict[str, list[Placed]] = field(factory=dict)

    @classmethod
    def of(cls, rulesets: Sequence[RuleSet], vocabulary: Vocabulary) -> "Readers":
        """Look at each rule once."""
        placed = tuple(Placed(rules, RuleView.of(rule)) for rules in rulesets for rule in rules.rules)
        found = cls(placed, vocabulary)
        for one in placed:
            patterns = {id(pattern): pattern for alternative in one.waited_for for pattern in alternative}
            for pattern in patterns.values():
                for kind in pattern.kinds:
                    found.reading.setdefault(kind, []).append((one, pattern))
            for step in one.concluded:
                found.concluding.setdefault(step.kind, []).append(one)
        return found

    def reads(self, fault: Pattern) -> Iterator[Placed]:
        """Give the rules that wait for what a pattern may be about, and those that wait for what these conclude."""
        known = [(one, own) for kind in fault.kinds for one, own in self.reading.get(kind, ())]
        yield from self.after(one for one, own in known if self.may_be(own, fault, one))

    def after(self, first: Iterable[Placed]) -> Iterator[Placed]:
        """Give rules, and those that wait for what they conclude, and so on."""
        waiting = list(first)
        known: dict[int, Placed] = {}
        while waiting:
            one = waiting.pop(0)
            if id(one) not in known:
                known[id(one)] = one
                waiting += [after for step in one.concluded for after, _ in self.reading.get(step.kind, ())]
        yield from known.values()

    def may_be(self, pattern: Pattern, fault: Pattern, by: Placed) -> bool:
        """Whether one item may be what both patterns ask for, as far as their leaves on plain values tell."""
        mine, theirs = by_field(pattern), by_field(fault)
        for path in dict.fromkeys((*mine, *theirs)):
            tests = [one for one in (*mine.get(path, ()), *theirs.get(path, ())) if is_plain(one)]
            known = shared_type(fault.kinds, path, self.vocabulary)
            if known and contradict(tests, known, by.ruleset):
                return False
        return True


def is_plain(test: Test) -> bool:
    """Whether a leaf asks for plain values, and not for those of other items."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return not is_unread(test) and not any(isinstance(one, Reference) for one in operands)


def acts(placed: Placed) -> bool:
    """Whether a rule does something that touches what it is about."""
    return any(risk_of(step.action) != "none" for step in placed.dos)


def tells(placed: Placed) -> bool:
    """Whether a rule tells people."""
    return any(risk_of(step.action) == "none" and step.action != "noop" for step in placed.dos)


def names(placed: Iterable[Placed]) -> tuple[str, ...]:
    """Give rules by their names, in their order."""
    return tuple(dict.fromkeys(one.name for one in placed))
