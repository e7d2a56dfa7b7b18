"""
Joins as nested loops of generated Python.

The innermost line is reached once for each assignment of rows to aliases; every row but the first comes out of an
exchange under the values it is joined by, and every condition stands as far out as its aliases allow.
"""

from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

from selfheal_rules.compile.branches import Branch, Join, is_event, is_join
from selfheal_rules.compile.codegen import Code, keyed, keyed_as, same_key
from selfheal_rules.compile.drafts import PartDraft, Paths, Register
from selfheal_rules.compile.leaves import is_constant, reference_leaf
from selfheal_rules.compile.plan import Look
from selfheal_rules.compile.scope import Scope, references, term
from selfheal_rules.model import Formula, Pattern, Reference, Test

MARGIN = "    "


@frozen(eq=False, repr=False)
class Condition:
    """A Python condition and the aliases whose rows it reads."""

    needs: frozenset[str]
    text: str


@define(eq=False, repr=False)
class Nest:
    """The loops of one function while they are written: where they stand and what is bound."""

    register: Register
    scope: Scope
    parts: Mapping[str, PartDraft]
    joins: tuple[Join, ...]
    pending: list[Condition]
    bound: list[str] = field(factory=list)
    lines: list[str] = field(factory=list)
    depth: int = 1
    limits: Mapping[str, str] = field(factory=dict)
    """By alias of an event, the instant its rows have to be later than."""

    def write(self, line: str) -> None:
        """Add a line at the present depth."""
        self.lines.append(MARGIN * self.depth + line)

    def constant(self, number: int) -> str:
        """Give what stands for a number in a line: rules that differ in it share their code."""
        return self.register.code.constant(number)

    def enter(self, line: str) -> None:
        """Add a line that opens a block."""
        self.write(line)
        self.depth += 1

    def bind(self, *aliases: str) -> None:
        """Count aliases as bound and test what can be tested now."""
        self.bound += aliases
        ready = [condition for condition in self.pending if condition.needs <= set(self.bound)]
        self.pending = [condition for condition in self.pending if condition not in ready]
        if ready:
            self.enter(f"if {' and '.join(condition.text for condition in ready)}:")

    def equalities(self, alias: str) -> tuple[tuple[tuple[str, ...], Reference], ...]:
        """Give the joins of an alias to what is bound, by its own paths."""
        found: dict[tuple[str, ...], Reference] = {}
        for join in self.joins:
            for here, there in ((join.left, join.right), (join.right, join.left)):
                if here.alias == alias and there.alias in self.bound:
                    found.setdefault(here.path, there)
        return tuple(sorted(found.items()))

    def next_of(self, aliases: Iterable[str]) -> str:
        """Choose the alias with the most joins to what is bound; the first written of equals; a count with its key."""
        return max(aliases, key=lambda alias: (self._is_known(alias), len(self.equalities(alias))))

    def _is_known(self, alias: str) -> bool:
        """Whether the rows of an alias can be told: a group that nothing fills is there for its whole key alone."""
        counted = self.parts[alias].counted
        joined = {".".join(path) for path, _ in self.equalities(alias)}
        return not (counted and counted.open) or joined == set(counted.names)

    def loop(self, alias: str) -> tuple[int, str]:
        """Open the loop over the rows of an alias; give the exchange it probes and the key it probes with."""
        draft, equal = self.parts[alias], self.equalities(alias)
        row = self.scope.rows[alias]
        probed, asked = (-1, ""), -1
        if equal:
            keys = self._keys(alias, equal)
            paths = tuple(path for path, _ in equal)
            key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
            probed = (self.register.index(draft, paths), key)
            asked = self._probe(draft, probed, paths, keys, alias)
        elif draft.counted and draft.counted.open:
            self.enter(f"for {row} in m.demand({self.constant(draft.number)}, (), ()):")
        else:
            draft.scanned = True
            self.enter(f"for {row} in m.standing[{self.constant(draft.number)}]:")
        self.register.looked.append(Look(alias, draft.number, tuple(path for path, _ in equal), asked))
        self._used(alias, equal)
        self.bind(alias)
        return probed

    def _keys(self, alias: str, equal: tuple[tuple[tuple[str, ...], Reference], ...]) -> list[str]:
        keys = []
        for number, (path, other) in enumerate(equal):
            name = f"k{len(self.bound)}_{number}"
            self.write(f"{name} = {self.scope.read(other)}")
            self.enter(f"if {name} is not None:")
            keys.append(keyed_as(name, self.scope.type(other), self.scope.type(Reference(alias, path))))
        return keys

    def _probe(self, draft: PartDraft, probed: tuple[int, str], paths: Paths, keys: list[str], alias: str) -> int:
        exchange, key = probed
        row = self.scope.rows[alias]
        if draft.counted and draft.counted.open and {".".join(path) for path in paths} == set(draft.counted.names):
            places = [[".".join(path) for path in paths].index(name) for name in draft.counted.names]
            names = "".join(f"k{len(self.bound)}_{place}, " for place in places)
            group = "".join(f"{keys[place]}, " for place in places)
            self.enter(f"for {row} in m.demand({self.constant(draft.number)}, ({group}), ({names})):")
            return -1
        bucket = f"b{len(self.bound)}"
        self.write(f"{bucket} = m.exchanges[{self.constant(exchange)}].get({key})")
        self.enter(f"if {bucket} is not None:")
        rows = f"{bucket}.get({self.constant(draft.number)}, NONE)"
        self.enter(f"for {row} in {f'later({rows}, {self.limits[alias]})' if alias in self.limits else rows}:")
        return exchange

    def _used(self, alias: str, equal: tuple[tuple[tuple[str, ...], Reference], ...]) -> None:
        spent = {(alias, path, other.alias, other.path) for path, other in equal}
        self.joins = tuple(
            join
            for join in self.joins
            if (join.left.alias, join.left.path, join.right.alias, join.right.path) not in spent
            and (join.right.alias, join.right.path, join.left.alias, join.left.path) not in spent
        )
        left = [join for join in self.joins if {join.left.alias, join.right.alias} <= {*self.bound, alias}]
        self.joins = tuple(join for join in self.joins if join not in left)
        self.pending += [join_condition(join, self.scope) for join in left]


def join_condition(join: Join, scope: Scope) -> Condition:
    """Write an equality of two values as a condition."""
    left, right = scope.read(join.left), scope.read(join.right)
    one, other = scope.type(join.left), scope.type(join.right)
    alike = same_key(one, other)
    text = f"{keyed(left, one)} == {keyed(right, other)}" if alike else f"canonical({left}) == canonical({right})"
    return Condition(frozenset({join.left.alias, join.right.alias}), f"{left} is not None and {text}")


def conditions(
    branch: Branch, scope: Scope, code: Code, outer: Iterable[Pattern], *, negative: bool
) -> list[Condition]:
    """Write what rows must fulfil besides their joins: leaves between rows, formulas, distinctness, order."""
    found = [
        _between(pattern, test, scope, code, negative=negative)
        for pattern in branch.patterns
        for test in pattern.where
        if not is_constant(test) and not is_join(test)
    ]
    found += [formula_condition(formula, scope, code, negative=negative) for formula in branch.formulas]
    found += _distinct(branch.patterns, tuple(outer), scope)
    for earlier, later in zip(branch.stages, branch.stages[1:], strict=False):
        found += [_before(one, other, scope) for one in earlier for other in later]
    return found


def _between(pattern: Pattern, test: Test, scope: Scope, code: Code, *, negative: bool) -> Condition:
    here = Reference(pattern.alias, test.path)
    kind = scope.type(here)
    loose = kind.name == "any" or any(scope.type(other).name == "any" for other in references(test.operand))
    text = reference_leaf(
        test,
        scope.read(here),
        kind,
        lambda operand: scope.operand(operand, code, kind),
        code,
        negative=negative,
        loose=loose,
    )
    return Condition(frozenset({pattern.alias, *(ref.alias for ref in references(test.operand))}), text)


def formula_condition(formula: Formula, scope: Scope, code: Code, *, negative: bool = False) -> Condition:
    """Write a formula as a condition: true, or in a negative not false."""
    needs = frozenset(reference.alias for reference in references(formula.term))
    return Condition(needs, f"both({term(formula.term, scope, code)}) is {'not False' if negative else 'True'}")


def _distinct(own: tuple[Pattern, ...], outer: tuple[Pattern, ...], scope: Scope) -> list[Condition]:
    pairs = [(one, other) for number, one in enumerate(own) for other in own[number + 1 :]]
    pairs += [(one, other) for one in own for other in outer]
    return [
        _apart(one, other, scope)
        for one, other in pairs
        if one.form == other.form and set(one.kinds) & set(other.kinds) and not _counts(one) and not _counts(other)
    ]


def _counts(pattern: Pattern) -> bool:
    return pattern.count is not None or pattern.aggregate is not None


def _apart(one: Pattern, other: Pattern, scope: Scope) -> Condition:
    left, right = scope.rows[one.alias], scope.rows[other.alias]
    second = "source" if is_event(one) else "kind"
    first = "id" if is_event(one) else "key"
    text = f"({left}.{first} != {right}.{first} or {left}.{second} != {right}.{second})"
    return Condition(frozenset({one.alias, other.alias}), text)


def _before(one: str, other: str, scope: Scope) -> Condition:
    left, right = scope.rows[one], scope.rows[other]
    text = f"({left}.at < {right}.at or ({left}.at == {right}.at and {scope.turn(one)} < {scope.turn(other)}))"
    return Condition(frozenset({one, other}), text)
