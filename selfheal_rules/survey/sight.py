"""Which kinds can be seen in a cloud, and of those that cannot, why and what would change it."""

from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field, frozen

from selfheal_rules.check.alternatives import shared_type
from selfheal_rules.check.domains import constant, operands, truth
from selfheal_rules.check.findings import listed
from selfheal_rules.check.possible import by_field
from selfheal_rules.cloud import Cloud
from selfheal_rules.model import Pattern
from selfheal_rules.survey.readers import Placed, Readers
from selfheal_rules.survey.said import telling
from selfheal_rules.vocabulary import Feed

NAMED = frozenset({"alarm", "alarm.event"})
"""The kinds whose items bear a name that an author gave them in a monitoring."""

CLEARED = frozenset({"alarm", "lb.pool"})
"""The states that every source clears where it would say `status: ok` of them, so that none ever holds with it."""


@frozen
class Unseen:
    """
    Why something is never seen, what would change that, and whether that may be so all the same.

    `follows` where it is never concluded: then those that would conclude it come first.
    """

    reason: str
    cure: str
    is_choice: bool = False
    follows: bool = False


@define(eq=False, repr=False)
class Sight:
    """What of the vocabulary comes in: by a source that is on, by somebody who posts it, or as a conclusion."""

    readers: Readers
    cloud: Cloud | None
    mapped: frozenset[str] = frozenset()
    """The kinds that mappings give."""
    blind: dict[int, Unseen] = field(factory=dict)
    """The rules that never fire, by their identity."""

    def __attrs_post_init__(self) -> None:
        """Find the rules that see nothing, then those that wait for what these would conclude, and so on."""
        while new := dict(self._newly()):
            self.blind |= new

    def _newly(self) -> Iterator[tuple[int, Unseen]]:
        for one in self.readers.rules:
            if id(one) not in self.blind and (found := self._misses(one)):
                yield id(one), found[1]

    def blinded(self) -> Iterator[tuple[Placed, Pattern, Unseen]]:
        """Give each rule that never fires with the first pattern that keeps it from that."""
        for one in self.readers.rules:
            found = self._misses(one)
            if found:
                yield one, *found

    def _misses(self, one: Placed) -> tuple[Pattern, Unseen] | None:
        """Give what a rule waits for in vain; None where one of its alternatives may come true."""
        found = [self._first(alternative, one) for alternative in one.waited_for]
        return found[0] if found and None not in found else None

    def _first(self, patterns: Iterable[Pattern], by: Placed) -> tuple[Pattern, Unseen] | None:
        for pattern in patterns:
            unseen = None if _counts_none(pattern) else self.unseen(pattern, by)
            if unseen:
                return pattern, unseen
        return None

    def unseen(self, pattern: Pattern, by: Placed) -> Unseen | None:
        """Say why a pattern never finds anything; None where it may."""
        found = [self.kind(name) for name in pattern.kinds]
        if found and None not in found:
            return found[0]
        untold = self._untold(pattern, by)
        if untold:
            return untold
        cleared = self._cleared(pattern, by) if CLEARED.issuperset(pattern.kinds) else None
        return cleared or (self._unnamed(pattern, by) if NAMED.issuperset(pattern.kinds) else None)

    def _untold(self, pattern: Pattern, by: Placed) -> Unseen | None:
        """Say that the sources which say what leaves ask for are off, whatever else gives the kind."""
        vocabulary = self.readers.vocabulary
        told = list(telling(pattern, vocabulary, by.ruleset))
        kinds = {kind for kind, _ in told}
        if kinds != set(pattern.kinds) or any(map(self._is_ours, kinds)):
            return None
        feeds = [vocabulary.sources[source] for _, source in told]
        return self._switched_off(pattern.kinds[0], feeds)

    def _is_ours(self, name: str) -> bool:
        """Whether a kind comes otherwise than from its sources."""
        return name in self.mapped or name in self._posted or name in self.readers.concluding

    def _cleared(self, pattern: Pattern, by: Placed) -> Unseen | None:
        """Say that leaves ask a state for what it is cleared with."""
        tests = by_field(pattern).get(("status",), ())
        known = shared_type(pattern.kinds, ("status",), self.readers.vocabulary)
        if known is None or any(name in self.mapped or name in self._posted for name in pattern.kinds):
            return None
        left = [value for value in known.values if all(truth(test, value, known, by.ruleset) for test in tests)]
        if left != ["ok"]:
            return None
        reason = f"`{pattern.kinds[0]}` is cleared where its `status` would be `ok`, and holds no more"
        return Unseen(reason, f"wait for `none: [{{state: {pattern.kinds[0]}, …}}]`, with what else the leaves say")

    def _unnamed(self, pattern: Pattern, by: Placed) -> Unseen | None:
        """Say that no alarm bears a name that leaves ask for."""
        tests = by_field(pattern).get(("name",), ())
        known = shared_type(pattern.kinds, ("name",), self.readers.vocabulary)
        if not tests or known is None or self.cloud is None or self.cloud.alerts is None:
            return None
        for alert in self.cloud.alerts:
            if all(truth(test, alert, known, by.ruleset) is not False for test in tests):
                return None
        asked = [constant(one, known, by.ruleset) for test in tests for one in operands(test)]
        wanted = (
            " or ".join(f"`{name}`" for name in asked) if all(test.operator in {"is", "in"} for test in tests) else ""
        )
        reason = f"no alarm of the cloud is called {wanted}" if wanted else "no alarm of the cloud has such a name"
        return Unseen(reason, "create the alarm in the monitoring, or name one that is there")

    def kind(self, name: str) -> Unseen | None:
        """Say why a kind never comes; None where it may."""
        if name.startswith("selfheal.") or name in self.mapped or name in self._posted:
            return None
        concluding = self.readers.concluding.get(name, ())
        declared = self.readers.vocabulary.kinds.get(name)
        feeds = [self.readers.vocabulary.sources[one] for one in declared.sources] if declared else []
        if concluding:
            return self._unconcluded(name, concluding)
        return self._switched_off(name, feeds) if feeds else self._unsourced(name)

    @property
    def _posted(self) -> tuple[str, ...]:
        return (self.cloud.posted or ()) if self.cloud else ()

    def _unconcluded(self, name: str, concluding: Iterable[Placed]) -> Unseen | None:
        blind = [self.blind.get(id(one)) for one in concluding]
        if None in blind:
            return None
        reason = f"`{name}` is concluded only by rules that cannot fire"
        is_choice = all(one.is_choice for one in blind if one)
        return Unseen(reason, "close the gaps of those first", is_choice, follows=True)

    def _unsourced(self, name: str) -> Unseen:
        reason = f"no source gives `{name}`: it comes by CloudEvents or a mapping alone"
        cure = "post it, and name it under `posted` of the cloud; or name its `sources` where it is declared"
        return Unseen(reason, cure, self.cloud is None or self.cloud.posted is None)

    def _switched_off(self, name: str, feeds: Iterable[Feed]) -> Unseen | None:
        if self.cloud is None or any(self.cloud.has_on(feed) is not False for feed in feeds):
            return None
        reason = f"`{name}` comes from {', '.join(self._why(feed, self.cloud) for feed in feeds)}"
        able = [feed for feed in feeds if not self.cloud.lacks_service(feed.service)]
        cure = " or ".join(f"switch on `{feed.name}` ({feed.switch})" for feed in able[:2])
        services = tuple(dict.fromkeys(feed.service for feed in feeds))
        return Unseen(reason, cure or f"install {listed(services)}, or let somebody post it")

    def _why(self, feed: Feed, cloud: Cloud) -> str:
        if cloud.lacks_service(feed.service):
            return f"`{feed.name}` (there is no service `{feed.service}`)"
        return f"`{feed.name}` ({_OFF[feed.by]})"


_OFF: Mapping[str, str] = {
    "bus": "its notifications are off",
    "post": "nothing of it is posted here",
    "poll": "the poller does not run",
    "serve": "no poller runs",
}


def _counts_none(pattern: Pattern) -> bool:
    """Whether nothing at all may be what a count asks for."""
    counted = pattern.count or pattern.aggregate
    return bool(counted) and not any(one.comparison in {"at_least", "more_than"} for one in counted.bounds)  # type: ignore[union-attr]  # it is there
