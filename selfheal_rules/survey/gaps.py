"""All gaps of some rule sets: the one place that knows what is looked for."""

from collections.abc import Iterator, Sequence

from selfheal_rules.cloud import Cloud
from selfheal_rules.model import RuleSet
from selfheal_rules.survey.answers import Answers
from selfheal_rules.survey.blind import blind
from selfheal_rules.survey.gap import Answered, Gap, Gaps, sorted_gaps
from selfheal_rules.survey.readers import Readers
from selfheal_rules.survey.record import Record
from selfheal_rules.survey.sight import Sight
from selfheal_rules.survey.unable import unable
from selfheal_rules.vocabulary import Vocabulary


def find_gaps(
    rulesets: Sequence[RuleSet],
    vocabulary: Vocabulary,
    cloud: Cloud | None = None,
    record: Record | None = None,
    mapped: frozenset[str] = frozenset(),
) -> Gaps:
    """
    Hold rule sets that were checked against the table of faults, a cloud and a record, as far as there are such.

    `vocabulary` is what the rule sets and the table may speak of; `mapped` are the kinds that mappings give.
    """
    readers = Readers.of(rulesets, vocabulary)
    answered = tuple(Answers.of(readers).all())
    found = [*blind(Sight(readers, cloud, mapped)), *unable(readers, cloud)]
    found += [*(record.unhandled() if record else ()), *_unanswered(answered), *_unread(readers)]
    looked_at = None if record is None else record.looked_at
    sets = tuple(rules.name for rules in rulesets)
    return Gaps(sets, len(readers.rules), cloud, looked_at, answered, sorted_gaps(found))


def _unanswered(answered: Sequence[Answered]) -> Iterator[Gap]:
    for one in answered:
        if not (one.acting or one.telling or one.named):
            cure = f"write a rule over {', '.join(f'`{kind}`' for kind in one.kinds)}"
            yield Gap("fault", one.fault, f"{one.doc} ({one.fault_class})", cure)


def _unread(readers: Readers) -> Iterator[Gap]:
    read = {kind for one in readers.rules for pattern in one.view.patterns for kind in pattern.kinds}
    for kind in readers.vocabulary.kinds.values():
        if kind.name not in read and not kind.name.startswith("selfheal."):
            feeds = ", ".join(kind.sources) or "CloudEvents or a mapping"
            cure = "write a rule over it, or leave its source off"
            yield Gap("kind", kind.name, f"no rule reads this {kind.form} of {feeds}", cure)
