"""
Who feeds whom: the graph of rules within one instant, and the level of each concluding rule.

A concluding rule feeds another where something it concludes may be taken by a pattern of the other, judged by kind
and by the literal leaves, of a state by those of its key. Conclusions of a rule that also does something re-enter in
the next round, so they make no edge here.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen

from selfheal_rules.check.alternatives import Path
from selfheal_rules.check.findings import at_word
from selfheal_rules.check.walk import concludes, is_unread, patterns_below, roots
from selfheal_rules.diagnostics import Diagnostic, Report, RuleSetError, Severity
from selfheal_rules.model import Conclude, Literal, Pattern, Rule, RuleSet, Template
from selfheal_rules.values import Value, lookup
from selfheal_rules.vocabulary import Kind

RuleName: TypeAlias = tuple[str, str]
"""The name of a rule set and the id of one of its rules."""


@frozen(eq=False, repr=False)
class Edge:
    """What `giver` concludes may be taken by a pattern of `taker`."""

    giver: RuleName
    taker: RuleName
    conclude: Conclude
    pattern: Pattern


def feeds(*rulesets: RuleSet) -> tuple[Edge, ...]:
    """Give every edge among the rules of the rule sets, in the order of the rules that conclude."""
    return _edges(rulesets, _readers(rulesets))


def feeds_concluding(*rulesets: RuleSet) -> tuple[Edge, ...]:
    """Give the edges between concluding rules: those the levels are made of."""
    return _edges(rulesets, _readers(rulesets, concludes))


def _edges(rulesets: Iterable[RuleSet], readers: Mapping[str, "_Readers"]) -> tuple[Edge, ...]:
    return tuple(
        Edge((ruleset.name, rule.id), reader.taker, step, reader.pattern)
        for ruleset in rulesets
        for rule in ruleset.rules
        if concludes(rule)
        for step in rule.then
        if isinstance(step, Conclude) and step.kind in readers and not any(map(is_unread, step.fields.values()))
        for reader in readers[step.kind].of(step)
    )


def may_take(pattern: Pattern, step: Conclude, kind: Kind | None) -> bool:
    """
    Whether no literal equality of the pattern contradicts a literal field of the conclusion.

    Of a state only its key counts: one conclusion takes the place of another with the same key, whatever the rest.
    """
    return _meets(_wanted(pattern, kind), step, kind)


Key: TypeAlias = tuple[bool, Value]
"""A value by which leaves and conclusions are compared: a boolean equals no number."""

Wanted: TypeAlias = Mapping[Path, frozenset[Key]]
"""The values the literal equalities of a pattern leave a field."""


def _meets(wanted: Wanted, step: Conclude, kind: Kind | None) -> bool:
    return not any((given := _given(step, path, kind)) and given not in values for path, values in wanted.items())


def _wanted(pattern: Pattern, kind: Kind | None) -> Wanted:
    found: dict[Path, frozenset[Key]] = {}
    is_state = kind is not None and kind.form == "state"
    for leaf in pattern.where:
        if is_state and kind and leaf.path[0] not in kind.key:
            continue
        operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
        if leaf.operator in {"is", "in"} and all(isinstance(one, Literal) for one in operands):
            keys = [_key(_literal(one), leaf.path, kind) for one in operands]
            known = frozenset(key for key in keys if key is not None)
            if known and None not in keys:
                found[leaf.path] = known & found.get(leaf.path, known)
    return found


def _literal(given: object) -> Value:
    if isinstance(given, Template) and all(isinstance(part, str) for part in given.parts):
        return "".join(str(part) for part in given.parts)
    return given.value if isinstance(given, Literal) else None


def _given(step: Conclude, path: Path, kind: Kind | None) -> Key | None:
    """Give the literal value a conclusion has at a path; None where none is known before a match."""
    name, *rest = path
    value = lookup({"": _literal(step.fields.get(name))}, ("", *rest))
    return None if value is None else _key(value, path, kind)


def _key(value: Value, path: Path, kind: Kind | None) -> Key | None:
    type_ = kind.type_at(path) if kind else None
    try:
        read = type_.literal(value) if type_ else value
    except (ValueError, OverflowError):
        return None  # a misfit has its own finding; it must not hide an edge
    return isinstance(read, bool), read


@frozen(eq=False, repr=False)
class _Reader:
    """A pattern that reads a kind, and the rule it belongs to."""

    number: int
    taker: RuleName
    pattern: Pattern
    wanted: Wanted


@frozen(eq=False, repr=False)
class _Readers:
    """The readers of one kind, found by what the field they differ in most must be."""

    kind: Kind | None
    every: tuple[_Reader, ...]
    path: Path
    by_value: Mapping[Key, list[_Reader]]
    others: tuple[_Reader, ...]

    @classmethod
    def among(cls, kind: Kind | None, every: Iterable[_Reader]) -> "_Readers":
        """Gather readers of a kind."""
        found = tuple(every)
        counts = Counter(path for reader in found for path in reader.wanted)
        path = counts.most_common(1)[0][0] if counts else ()
        by_value: defaultdict[Key, list[_Reader]] = defaultdict(list)
        for reader in found:
            for key in reader.wanted.get(path, ()):
                by_value[key].append(reader)
        return cls(kind, found, path, by_value, tuple(reader for reader in found if path not in reader.wanted))

    def of(self, step: Conclude) -> Iterator[_Reader]:
        """Give those that may take what a step concludes, in the order they are written."""
        given = _given(step, self.path, self.kind) if self.path else None
        near = sorted((*self.by_value.get(given, ()), *self.others), key=_number) if given else self.every
        return (reader for reader in near if _meets(reader.wanted, step, self.kind))


def _number(reader: _Reader) -> int:
    return reader.number


def _readers(rulesets: Iterable[RuleSet], is_asked: Callable[[Rule], bool] = bool) -> Mapping[str, _Readers]:
    found: defaultdict[str, list[_Reader]] = defaultdict(list)
    kinds: dict[str, Kind | None] = {}
    for ruleset in rulesets:
        for rule in filter(is_asked, ruleset.rules):
            for pattern in patterns_below(roots(rule)):
                if any(map(is_unread, pattern.where)):
                    continue
                for name in pattern.kinds:
                    kind = kinds.setdefault(name, ruleset.vocabulary.kinds.get(name))
                    wanted = _wanted(pattern, kind)
                    found[name].append(_Reader(len(found[name]), (ruleset.name, rule.id), pattern, wanted))
    return {name: _Readers.among(kinds[name], readers) for name, readers in found.items()}


def levels(rulesets: Sequence[RuleSet]) -> dict[RuleName, int]:
    """
    Give the level of every concluding rule: 0 where none feeds it, else one more than the highest that does.

    Raises:
        RuleSetError: where rules feed each other in a circle (of one rule set, `check_rules` has said so before).
    """
    names = [(ruleset.name, rule.id) for ruleset in rulesets for rule in ruleset.rules if concludes(rule)]
    edges = feeds_concluding(*rulesets)
    level = settled(names, edges)
    if len(level) < len(set(names)):
        raise RuleSetError(Report.of(circle_findings(edges)))
    return level


def settled(names: Iterable[RuleName], edges: Iterable[Edge]) -> dict[RuleName, int]:
    """Peel off rules that nothing unsettled feeds; what stands in or behind a circle is left out."""
    pairs = dict.fromkeys((edge.giver, edge.taker) for edge in edges)
    takers: defaultdict[RuleName, list[RuleName]] = defaultdict(list)
    waiting = dict.fromkeys(names, 0)
    for giver, taker in pairs:
        takers[giver].append(taker)
        waiting[taker] += 1
    level = dict.fromkeys((name for name, count in waiting.items() if not count), 0)
    ready = deque(level)
    reached: dict[RuleName, int] = {}
    while ready:
        giver = ready.popleft()
        for taker in takers[giver]:
            reached[taker] = max(reached.get(taker, 0), level[giver] + 1)
            waiting[taker] -= 1
            if not waiting[taker]:
                level[taker] = reached[taker]
                ready.append(taker)
    return {name: level[name] for name in waiting if name in level}


def circles(edges: Sequence[Edge], harmless: Container[RuleName] = ()) -> Iterator[tuple[Edge, ...]]:
    """
    Give for each rule that stands in a circle, and on none given before, a shortest one through it.

    A circle of `harmless` rules alone is none.
    """
    ahead: defaultdict[RuleName, dict[RuleName, Edge]] = defaultdict(dict)
    for edge in edges:
        ahead[edge.giver].setdefault(edge.taker, edge)
    free = settled(dict.fromkeys(name for edge in edges for name in (edge.giver, edge.taker)), edges)
    seen: set[RuleName] = set()
    for start in [name for name in ahead if name not in free and name not in harmless]:
        path = () if start in seen else _way_back(start, ahead)
        if path:
            yield path
        seen.update(edge.giver for edge in path)


def _way_back(start: RuleName, ahead: Mapping[RuleName, Mapping[RuleName, Edge]]) -> tuple[Edge, ...]:
    paths: dict[RuleName, tuple[Edge, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for taker, edge in ahead.get(name, {}).items():
            if taker == start:
                return (*paths[name], edge)
            if taker not in paths:
                paths[taker] = (*paths[name], edge)
                queue.append(taker)
    return ()


def circle_findings(edges: Sequence[Edge]) -> Iterator[Diagnostic]:
    """Give one error for each circle, at the pattern that closes it, with the whole way round."""
    for path in circles(edges):
        names = " → ".join(f"`{name[1]}`" for name in (path[0].giver, *(edge.taker for edge in path)))
        yield Diagnostic(
            "SH330",
            Severity.ERROR,
            f"rules feed each other in one instant: {names}",
            at_word(path[-1].pattern.span, path[-1].conclude.kind),
            "conclude another kind, or let the pattern ask for another literal key (of an event: field)",
            tuple(edge.conclude.span for edge in path),
        )
