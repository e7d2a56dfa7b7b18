"""
Mutants: rules with one small mistake in each, as an author could have made it.

The operators are those of mutation testing (DeMillo, Lipton and Sayward 1978), over the words of the rule language.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from selfheal_rules.check.alternatives import denies
from selfheal_rules.check.possible import needless
from selfheal_rules.check.subject import Subject
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.diagnostics import RuleSetError
from selfheal_rules.model import (
    Bound,
    Call,
    Do,
    Ending,
    Group,
    Guard,
    Literal,
    Parameter,
    Pick,
    Retry,
    Rule,
    RuleSet,
    Test,
)
from selfheal_rules.source import Span, says
from selfheal_rules.testing.edits import GONE, Path, at, changed, diff, joined, pieces, swapped, text_of
from selfheal_rules.vocabulary import DURATION, write_duration

Change: TypeAlias = Callable[[RuleSet, Any], Any]
"""(rule set with its parameters, piece) → what stands in its place, or None where there is nothing to change."""

TICK = timedelta(milliseconds=1)
"""The finest difference that `inside` and `on` the edge of a window are told apart by."""


@frozen(eq=False)
class Mutant:
    """
    One rule with one mistake in it: the piece at `path` is changed.

    `what` says which mistake, `test` what a test would do that notices it; `span` and `written` show it in the text.
    """

    ruleset: str
    rule: str
    operator: str
    path: Path
    change: Change = field(repr=False)
    span: Span = field(repr=False)
    written: str
    test: str

    @property
    def diff(self) -> tuple[str, ...]:
        """How the text would be changed."""
        return diff(self.span, self.written)

    def of(self, program: Program) -> Program | None:
        """Give a program with this mistake in it; None where it is none any more, or would be refused."""
        mutated = tuple(self._mutated(one) if one.name == self.ruleset else one for one in program.rulesets)
        if mutated == program.rulesets:
            return None
        try:
            found = compile_rules(*mutated)
        except RuleSetError:
            return None
        return None if found.digest == program.digest else found

    def _mutated(self, ruleset: RuleSet) -> RuleSet:
        return evolve(ruleset, rules=tuple(self._rule(one, ruleset) if one.id == self.rule else one
                                           for one in ruleset.rules))  # fmt: skip

    def _rule(self, rule: Rule, ruleset: RuleSet) -> Rule:
        new = self.change(ruleset, at(rule, self.path))
        return rule if new is None else changed(rule, self.path, new)


@frozen(eq=False)
class Mistake:
    """A mistake that could be made at one piece of a rule; `path` leads on from the piece."""

    operator: str
    change: Change
    span: Span
    written: str = ""
    test: str = ""
    path: Path = ()


def _gone(_: RuleSet, __: object) -> object:
    return GONE


def _put(new: object) -> Change:
    return lambda _, __: new


def mutants(rulesets: Iterable[RuleSet]) -> Iterator[Mutant]:
    """Give every mutant of rule sets, in the order they are written; what nobody could notice is left out."""
    for ruleset in rulesets:
        idle = _idle(ruleset)
        for rule in ruleset.rules:
            for path, piece in pieces(rule):
                for one in _mistakes(piece, ruleset):
                    if not (one.operator == "drop a leaf" and piece.span in idle):
                        place = (*path, *one.path)
                        yield Mutant(
                            ruleset.name, rule.id, one.operator, place, one.change, one.span, one.written, one.test
                        )


def _idle(ruleset: RuleSet) -> frozenset[Span]:
    """Give the leaves that take nothing away: lint proves it, or a join asks for the field anyhow."""
    subject = Subject.of(ruleset)
    found = [finding.span for finding in needless(subject)]
    for view in subject.rules:
        for placed in (one for scope in view.when for one in scope.alternative.placed):
            leaves = (leaf for leaf in placed.pattern.where if leaf.operator == "exists" and not denies(leaf))
            found += [leaf.span for leaf in leaves if leaf.path in placed.joined_fields()]
    return frozenset(found)


def _mistakes(piece: Any, rules: RuleSet) -> Iterator[Mistake]:  # noqa: ANN401 - any piece of the model
    if isinstance(piece, Test):
        yield from _of_leaf(piece, rules)
    elif isinstance(piece, Bound):
        yield from _of_bound(piece, rules)
    elif isinstance(piece, Rule):
        yield from _of_rule(piece)
    elif isinstance(piece, Do):
        yield from _of_step(piece)
    elif isinstance(piece, Guard):
        yield from _of_guard(piece, rules)
    elif isinstance(piece, Group):
        yield from _of_group(piece)
    elif isinstance(piece, Call | Pick):
        yield from _of_term(piece, rules)
    for name, word in _WINDOWS:
        yield from _window(getattr(piece, name, None), name, word, rules)
    if isinstance(piece, Ending):
        yield from _otherwise(piece)


_WINDOWS = (("within", "within"), ("held", "for"), ("ttl", "ttl"))


# Leaves

_NEGATED = {"is": "not", "in": "not", "at_least": "less_than", "less_than": "at_least", "more_than": "at_most",
            "at_most": "more_than"}  # fmt: skip
_FLIPPED = {"at_least": "more_than", "more_than": "at_least", "at_most": "less_than", "less_than": "at_most"}


def _of_leaf(leaf: Test, rules: RuleSet) -> Iterator[Mistake]:
    name = ".".join(leaf.path)
    whole = _whole(leaf)
    yield Mistake("drop a leaf", _gone, whole, "", f"an item that differs in `{name}` alone, and is not taken")
    turned = negated(leaf)
    if turned:
        new, text = turned
        said = text[1:-1] if whole.column == leaf.span.column and leaf.span != leaf.named else f"{name}: {text}"
        yield Mistake("negate a leaf", _put(new), whole, said, f"an item whose `{name}` is right")
    if leaf.operator in _FLIPPED:
        word: Any = _FLIPPED[leaf.operator]
        edge = f"an item whose `{name}` is exactly at the limit"
        yield Mistake("flip a comparison", _put(evolve(leaf, operator=word)), leaf.span, word, edge)
    yield from _by_one(leaf.operand, "operand", f"an item whose `{name}` is one off", rules)
    if isinstance(leaf.operand, tuple) and len(leaf.operand) > 1:
        for number, one in enumerate(leaf.operand):
            test = f"an item whose `{name}` is this one of the list"
            yield Mistake("drop a choice", _gone, one.span, "", test, ("operand", number))


def _whole(leaf: Test) -> Span:
    """Give where a leaf stands with its name and value, the brackets around them included; of several, the one."""
    last = leaf.operand[-1] if isinstance(leaf.operand, tuple) else leaf.operand
    found = joined(leaf.named, last.span)
    lines = found.source.text.split("\n")
    if _is_one_of_lines(leaf, last.span, lines):
        return joined(leaf.span, last.span)
    rest = lines[found.end_line - 1][found.end_column - 1 :] if found.source.text else ""
    own = isinstance(leaf.operand, tuple) and rest.startswith("]")
    before = lines[leaf.span.line - 1][: leaf.span.column - 1].rstrip() if found.source.text else ""
    if leaf.span != leaf.named and (before.endswith(",") or rest[own:].startswith(",")):
        return evolve(joined(leaf.span, last.span), end_column=found.end_column + own)
    ends = isinstance(leaf.operand, tuple) + (leaf.span != leaf.named)
    closing = len(rest) - len(rest.lstrip("]}"))
    return evolve(found, end_column=found.end_column + min(ends, closing))


def _is_one_of_lines(leaf: Test, last: Span, lines: list[str]) -> bool:
    """Whether a leaf is one of several of its field, each on lines of its own below the name."""
    if leaf.span.line <= leaf.named.line or last.end_line > len(lines):
        return False
    between = lines[leaf.named.line : leaf.span.line - 1]
    below = next((line for line in lines[last.end_line :] if says(line)), "")
    is_beside = below[: leaf.span.column - 1].isspace() and below[leaf.span.column - 1 : leaf.span.column].strip() != ""
    return any(map(says, between)) or is_beside


def negated(leaf: Test) -> tuple[Test, str] | None:
    """Give a leaf that is true where this one is false, and its text; None where the language has none."""
    said = _written(leaf.operand)
    operator: Any = _NEGATED.get(leaf.operator)
    if leaf.operator == "not":
        several = isinstance(leaf.operand, tuple)
        return evolve(leaf, operator="in" if several else "is"), said
    if leaf.operator == "exists" and isinstance(leaf.operand, Literal):
        there = not leaf.operand.value
        return evolve(leaf, operand=Literal(there)), f"{{exists: {str(there).lower()}}}"
    return None if operator is None else (evolve(leaf, operator=operator), f"{{{operator}: {said}}}")


def _written(operand: Any) -> str:  # noqa: ANN401 - an operand, or several
    if isinstance(operand, tuple):
        return f"[{', '.join(map(_written, operand))}]"
    return text_of(operand.span) or str(operand)


def _by_one(operand: Any, name: str, test: str, rules: RuleSet) -> Iterator[Mistake]:  # noqa: ANN401 - any operand
    """Give a number one less and one more; of what is no number, nothing."""
    value: Any = rules.value(operand) if isinstance(operand, Literal | Parameter) else None
    for step in (-1, 1) if _is_number(value) else ():
        yield Mistake("value ±1", _moved(step), operand.span, f"{value + step}", test, (name,))


def _moved(step: int) -> Change:
    def change(rules: RuleSet, operand: Any) -> object:  # noqa: ANN401 - any operand
        value: Any = rules.value(operand)
        return Literal(value + step) if _is_number(value) else None

    return change


def _is_number(value: object) -> bool:
    return type(value) in {int, float}


def _of_bound(bound: Bound, rules: RuleSet) -> Iterator[Mistake]:
    word: Any = _FLIPPED[bound.comparison]
    edge = "a number that is exactly this"
    start = bound.span.source.line(bound.span.line).rfind(bound.comparison, 0, bound.span.column) + 1
    place = evolve(bound.span, column=start, end_column=start + len(bound.comparison))
    yield Mistake("flip a comparison", _put(evolve(bound, comparison=word)), place, word, edge)
    yield from _by_one(bound.operand, "operand", "a number that is one off this", rules)


_TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "and": "or", "or": "and", "+": "-",
           "-": "+"}  # fmt: skip


def _of_term(term: Call | Pick, rules: RuleSet) -> Iterator[Mistake]:
    if isinstance(term, Pick):
        other: Any = "min" if term.best == "max" else "max"
        test = "two that would do, of which the other comes first"
        place = evolve(term.span, column=term.span.column - len(f"{term.best}: "))
        yield Mistake("pick the other end", _put(evolve(term, best=other)), place,
                      f"{other}: {text_of(term.span)}", test)  # fmt: skip
        return
    if term.function in _TURNED and len(term.arguments) > 1:
        left, right = (argument.span for argument in term.arguments[:2])
        place = Span(left.source, left.end_line, left.end_column, right.line, right.column)
        new = _TURNED[term.function]
        test = f"values for which `{term.function}` and `{new}` differ"
        written = text_of(place).replace(term.function, new, 1)
        yield Mistake("turn an operator", _put(evolve(term, function=new)), place, written, test)
    for number, argument in enumerate(term.arguments):
        for one in _by_one(argument, "arguments", "a value that is one off", rules):
            yield evolve(one, path=("arguments", number))


# Groups and windows


def _of_group(group: Group) -> Iterator[Mistake]:
    for number, one in enumerate(group.unless):
        test = "the same story with what this speaks of there, and nothing decided"
        yield Mistake("drop an `unless`", _gone, one.span, "", test, ("unless", number))
    for number, join in enumerate(group.same):
        test = "items that differ in this field, and do not go together"
        yield Mistake("drop a join key", _gone, join.span, "", test, ("same", number))
    if len(group.items) > 1:
        for number, item in enumerate(group.items):
            test = "the same story without this, and nothing decided"
            yield Mistake("drop an item", _gone, item.span, "", test, ("items", number))
    if group.logic == "sequence":
        test = "the same items in another order, and nothing decided"
        for number, (one, other) in enumerate(zip(group.items, group.items[1:], strict=False)):
            turned = (*group.items[:number], other, one, *group.items[number + 2 :])
            yield Mistake("swap an order", _put(turned), *swapped(one.span, other.span), test, ("items",))


def _window(operand: Any, name: str, word: str, rules: RuleSet) -> Iterator[Mistake]:  # noqa: ANN401 - any operand
    """Give a window of half and of twice the length."""
    if not isinstance(operand, Literal | Parameter):
        return
    length = rules.duration(operand)
    for factor, said in ((0.5, "half"), (2.0, "twice")):
        shown, own = write_duration(length * factor), write_duration(length)
        least, most = (shown, own) if factor < 1 else (own, shown)
        test = f"something that comes after {least} and before {most}"
        yield Mistake(f"`{word}` {said} as long", scaled(factor), operand.span, shown, test, (name,))


def scaled(factor: float, more: timedelta = timedelta()) -> Change:
    """Give a change of a duration: so many times as long, and a little longer or shorter."""

    def change(rules: RuleSet, operand: Any) -> object:  # noqa: ANN401 - any operand
        length = rules.duration(operand) * factor + more
        return Literal(write_duration(length)) if length > timedelta() else None

    return change


# Steps, guards, outcomes


def _of_rule(rule: Rule) -> Iterator[Mistake]:
    for number, guard in enumerate(rule.guard):
        test = f"a story in which `{guard.name}` holds a step back"
        yield Mistake("drop a guard", _gone, guard.span, "", test, ("guard", number))
    for number, (one, other) in enumerate(zip(rule.then, rule.then[1:], strict=False)):
        turned = (*rule.then[:number], other, one, *rule.then[number + 2 :])
        test = "that the first is decided, and the second only once it is confirmed"
        yield Mistake("swap steps", _put(turned), *swapped(one.span, other.span), test, ("then",))
    if len(rule.then) > 1:
        for number, step in enumerate(rule.then):
            test = "that this step is decided"
            yield Mistake("drop a step", _gone, step.span, "", test, ("then", number))


def _of_step(step: Do) -> Iterator[Mistake]:
    if step.after is not None:
        test = "that this step waits for what it names, and for nothing else"
        yield Mistake("drop `after`", _put(evolve(step, after=None)), _after(step.span), "", test)
    if step.confirm:
        test = "that the next step waits for what confirms this one, after its result `done`"
        yield Mistake("drop `confirm`", _put(evolve(step, confirm=None)), step.confirm.span, "", test)
    if isinstance(step.retry, Retry):
        test = "a retryable failure, and that this step comes again"
        yield Mistake("drop `retry`", _put(evolve(step, retry=None)), step.retry.span, "", test)
        retry = step.retry
        for by in (-1, 1):
            test = "as many retryable failures as it tries again, and what comes then"
            more = evolve(step, retry=evolve(retry, times=retry.times + by))
            yield Mistake("limit ±1", _put(more), retry.span, f"{{times: {retry.times + by}, ...}}", test)


def _of_guard(guard: Guard, rules: RuleSet) -> Iterator[Mistake]:
    for name, value in guard.settings.items():
        if not isinstance(value, Literal | Parameter):
            continue
        raw = rules.value(value)
        if _is_number(raw):
            for one in _by_one(value, name, f"as many as `{name}` lets through, and one more", rules):
                yield evolve(one, operator="limit ±1", path=("settings", *one.path))
        elif isinstance(raw, str) and _is_duration(raw):
            for one in _window(value, name, name, rules):
                yield evolve(one, path=("settings", *one.path))


_AFTER = re.compile(r"after: *(\[[^]]*\]|\S+)")


def _after(span: Span) -> Span:
    """Give where `after` stands in a step: the model has no place for it."""
    for number in range(span.line, span.end_line + 1):
        found = _AFTER.search(span.source.line(number))
        if found:
            return Span(span.source, number, found.start() + 1, number, found.end() + 1)
    return span


def _is_duration(text: str) -> bool:
    try:
        DURATION.literal(text)
    except (ValueError, OverflowError):
        return False
    return True


def _otherwise(ending: Ending) -> Iterator[Mistake]:
    if len(ending.otherwise) > 1:
        for number, step in enumerate(ending.otherwise):
            yield Mistake("drop a step", _gone, step.span, "", "that this step of `else` is decided",
                          ("otherwise", number))  # fmt: skip
