"""Which rules may answer a fault: one item may be the fault and part of why they fire."""

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from selfheal_rules.check.meeting import Meeting
from selfheal_rules.check.subject import Subject
from selfheal_rules.check.walk import patterns_below
from selfheal_rules.model import Pattern, Rule, RuleSet
from selfheal_rules.survey.causes import MOST, Cause, causes
from selfheal_rules.survey.confirm import common
from selfheal_rules.survey.gap import Answered
from selfheal_rules.survey.readers import Placed, Readers, acts, names, tells
from selfheal_rules.survey.said import let_sources_say
from selfheal_rules.survey.shipped import faults, given
from selfheal_rules.survey.sight import NAMED


@frozen(eq=False, repr=False)
class Answers:
    """Who answers faults among some rules; what a rule waits for besides, and what holds it back, is not looked at."""

    readers: Readers
    ways: Mapping[int, tuple[Cause, ...]]

    @classmethod
    def of(cls, readers: Readers) -> "Answers":
        """Follow each rule that does something back to what is posted."""
        doing = (one for one in readers.rules if acts(one) or tells(one))
        return cls(readers, {id(one): tuple(causes(one, readers)) for one in doing})

    def all(self) -> Iterator[Answered]:
        """Give each fault of the table with its answers."""
        yield from map(self._answered, faults().rules)

    def _answered(self, fault: Rule) -> Answered:
        patterns = list(patterns_below([fault.when]))
        reading = {id(one): one for pattern in patterns for one in self.readers.reads(pattern)}.values()
        doing = [one for one in reading if acts(one) or tells(one)]
        how = {id(one): {found for pattern in patterns for found in self._how(one, pattern)} for one in doing}
        any_of_them = [one for one in doing if "any" in how[id(one)]]
        named = names(one for one in doing if how[id(one)] == {"named"})
        acting, telling = names(filter(acts, any_of_them)), names(filter(tells, any_of_them))
        kinds = tuple(dict.fromkeys(name for pattern in patterns for name in pattern.kinds))
        return Answered(fault.id, given(fault, "class")[0], fault.doc, kinds, acting, telling, named)

    def _how(self, one: Placed, fault: Pattern) -> Iterator[str]:
        """Say whether a rule fires by any such item or by one of a name; by neither where no item can be both."""
        ways = self.ways[id(one)]
        fitting = [(way, at) for way in ways for at, part in enumerate(way.parts) if common(part, fault)]
        for way, at in fitting:
            if self._fits(way, at, fault):
                yield "named" if _asks_name(way.tests, at, fault) else "any"
        if len(ways) >= MOST and not fitting:
            yield "any"

    def _fits(self, way: Cause, at: int, fault: Pattern) -> bool:
        meeting = Meeting(Subject(RuleSet("survey", (), self.readers.vocabulary), ()), list(way.parts))
        for place, test in (*way.tests, *(((at, test.path), test) for test in fault.where)):
            meeting.tests.setdefault(place, []).append(test)
        for left, right in way.equal:
            meeting.unite(left, right)
        return not any(meeting.contradictions()) and let_sources_say(meeting)


def _asks_name(tests: Iterable[tuple[tuple[int, tuple[str, ...]], object]], at: int, fault: Pattern) -> bool:
    is_open = NAMED.issuperset(fault.kinds) and not any(test.path == ("name",) for test in fault.where)
    return is_open and any(place == (at, ("name",)) for place, _ in tests)
