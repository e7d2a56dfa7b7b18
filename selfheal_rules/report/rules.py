"""Rules as a page shows them: their text with line numbers, what they are for, and what guards them."""

from collections.abc import Iterable

from selfheal_rules.model import Conclude, Rule, RuleSet, Step
from selfheal_rules.report.graph import guard_text
from selfheal_rules.report.rows import Row, said
from selfheal_rules.wording import clean


def rule_rows(rulesets: Iterable[RuleSet]) -> dict[tuple[str, str], Row]:
    """Give the rules of rule sets, each under the name of its set and its own."""
    return {(ruleset.name, rule.id): _row(ruleset, rule) for ruleset in rulesets for rule in ruleset.rules}


def _row(ruleset: RuleSet, rule: Rule) -> Row:
    return said(
        {
            "ruleset": clean(ruleset.name),
            "rule": clean(rule.id),
            "doc": clean(rule.doc),
            "file": clean(rule.span.source.name),
            "line": rule.span.line,
            "text": _excerpt(rule),
            "steps": [_named(step) for step in rule.then],
            "otherwise": [_named(step) for step in rule.outcome.otherwise] if rule.outcome else [],
            "guards": [{"guard": guard.name, "text": clean(guard_text(guard))} for guard in rule.guard],
        }
    )


def _named(step: Step) -> str:
    return clean(step.kind if isinstance(step, Conclude) else step.action)


def _excerpt(rule: Rule) -> list[str]:
    """Give the lines a rule stands on; none where it was made in Python."""
    span = rule.span
    last = span.end_line - (
        span.end_column == 1
    )  # where it ends before a line's first column, that line is not its own
    return [clean(line) for line in span.source.lines[span.line - 1 : last]]
