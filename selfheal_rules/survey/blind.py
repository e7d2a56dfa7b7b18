"""Rules that cannot see: what they wait for, what should hold them back, and whether what they did worked."""

from collections.abc import Iterator

from selfheal_rules.check.alternatives import expand
from selfheal_rules.check.findings import at_word
from selfheal_rules.model import Group, Pattern
from selfheal_rules.survey.gap import Gap, Sort
from selfheal_rules.survey.readers import Placed, acts, blocking
from selfheal_rules.survey.sight import Sight, Unseen


def blind(sight: Sight) -> Iterator[Gap]:
    """Give a gap for each rule that never fires, else for each part of it that sees nothing."""
    never = {id(one) for one, _, _ in sight.blinded()}
    for one, pattern, unseen in sight.blinded():
        yield _gap("blind_rule", one, pattern, unseen, "it never fires")
    for one in sight.readers.rules:
        if id(one) not in never:
            yield from _unguarded(one, sight)
            yield from _unconfirmed(one, sight)


def _unguarded(one: Placed, sight: Sight) -> Iterator[Gap]:
    for pattern in blocking(one.view.rule.when):
        unseen = sight.unseen(pattern, one)
        if unseen and acts(one):
            yield _gap("blind_guard", one, pattern, unseen, "it acts all the same")


def _unconfirmed(one: Placed, sight: Sight) -> Iterator[Gap]:
    for group, what in _awaited(one):
        patterns = [placed.pattern for found in expand(group) for placed in found.placed]
        for pattern in {id(found): found for found in (*patterns, *blocking(group))}.values():
            unseen = sight.unseen(pattern, one)
            if unseen:
                yield _gap("blind_confirmation", one, pattern, unseen, what)
                break


def _awaited(one: Placed) -> Iterator[tuple[Group, str]]:
    for step in one.dos:
        if step.confirm:
            yield step.confirm.condition, f"`{step.action}` is never seen to have worked, or not to have"
    if one.view.rule.outcome:
        yield one.view.rule.outcome.healthy, "nothing shows that it is healthy again"


def _gap(sort: Sort, one: Placed, pattern: Pattern, unseen: Unseen, effect: str) -> Gap:
    span = at_word(pattern.span, pattern.kinds[0])
    reason = f"{unseen.reason}; {effect}"
    return Gap(sort, one.name, reason, unseen.cure, span, is_choice=unseen.is_choice, follows=unseen.follows)
