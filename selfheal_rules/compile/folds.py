"""
Conclusions that exist only once somebody asks.

Where all that takes a concluded event are simple rules of that event alone, their keys and targets can be told from the
match it follows from. What tells them is written here, in one function over all matches that conclude at once; the
event itself, its fields and its id are made for whoever reads the reason.
"""

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve, field, frozen

from selfheal_rules.compile.codegen import Code
from selfheal_rules.compile.columns import Fold, Folded
from selfheal_rules.compile.drafts import Paths
from selfheal_rules.compile.joints import Joint
from selfheal_rules.compile.plan import Action, Branching, Conclusion, Entry, Part, Ruling
from selfheal_rules.compile.scope import Scope, references
from selfheal_rules.compile.steps import Written, fields_text, key_parts, target_text
from selfheal_rules.model import Operand, Reference, Template
from selfheal_rules.values import text_of
from selfheal_rules.vocabulary import ANY, ATTRIBUTES

_TEXTS = frozenset({"string", "enum", "ordered"})


@frozen(eq=False, repr=False)
class Lowered:
    """A plan that is whole but for its folds, and how each rule of it was written."""

    rules: Sequence[Ruling]
    branches: Sequence[Branching]
    parts: Sequence[Part]
    entries: Mapping[str, Entry]
    written: Mapping[int, Written]
    code: Code
    paths: Sequence[Paths]
    """By exchange, where its rows have their keys."""


def folded(lowered: Lowered) -> tuple[Ruling, ...]:
    """Give the rules, with a fold where what one concludes need not be made."""
    return tuple(
        evolve(one, steps=tuple(_step(lowered, one, step) for step in one.steps)) if one.concludes else one
        for one in lowered.rules
    )


def _step(lowered: Lowered, ruling: Ruling, step: Action | Conclusion) -> Action | Conclusion:
    if not isinstance(step, Conclusion) or step.kind.form != "event" or not step.total:
        return step
    branch = lowered.branches[ruling.branches[0]]
    if len(ruling.branches) > 1 or branch.level:
        return step
    takers = [*_takers(lowered, step.kind.name)]
    if not takers or any(one is None for one in takers):
        return step
    fold = _Columns(step, lowered.written[ruling.number].joints[0], lowered, lowered.code).fold(
        [one for one in takers if one]
    )
    return step if fold is None else evolve(step, fold=fold)


def _takers(lowered: Lowered, kind: str) -> Iterator[Ruling | None]:
    """Give the rules that take every event of a kind; None for one that looks at more than this event."""
    for number in lowered.entries[kind].always or ():
        part = lowered.parts[number]
        if part.keep or part.probes or part.watches or part.counts:
            yield None
        for seed in part.seeds:
            ruling, branch = lowered.rules[seed.rule], lowered.branches[seed.branch]
            single = ruling.simple and len(ruling.branches) == 1 and branch.plain and branch.bare
            yield ruling if single and len(branch.parts) == 1 and not branch.level else None


@define(eq=False, repr=False)
class _Columns:
    """A function over matches while it is written: what it tells of each, column by column."""

    step: Conclusion
    joint: Joint
    lowered: Lowered
    code: Code
    variables: dict[str, str] = field(factory=dict)
    columns: dict[str, int] = field(factory=dict)

    def fold(self, takers: Sequence[Ruling]) -> Fold | None:
        """Give what the rules that take the event are told of it; None where one reads more than its fields."""
        found = {}
        for ruling in takers:
            told = self._told(ruling)
            if told is None:
                return None
            found[ruling.branches[0]] = told
        return Fold(self.code[self._function()], found)

    def _told(self, ruling: Ruling) -> Folded | None:
        written = self.lowered.written[ruling.number]
        scope, key = written.joints[0].scope, key_parts(ruling.rule, written.rules)
        read = references((key, [(one.step.target, one.step.params) for one in ruling.actions]))
        if any(len(one.path) > 1 or one.path[0] in ATTRIBUTES for one in read):
            return None
        if not key or not all(self._is_text(one, scope) for one in key):
            return None
        scope = evolve(scope, told={one: self._variable(one.path[0]) for one in read})
        order = " + ',' + ".join(f"text({scope.text(one, self.code)})" for one in key)
        return Folded(self._column(order), tuple(self._asked(one, scope) for one in ruling.actions))

    def _is_text(self, part: Operand | Template, scope: Scope) -> bool:
        """Whether a part of a key is a text the conclusion always says."""
        said = isinstance(part, Reference) and part.path[0] in self.step.step.fields
        return said and isinstance(part, Reference) and scope.type(part).name in _TEXTS

    def _asked(self, action: Action, scope: Scope) -> tuple[int, int]:
        target, params = action.step.target, action.step.params
        named = self._column("None" if target is None else target_text(target, scope, self.code))
        return named, self._column(fields_text(params, None, scope, self.code)) if params else -1

    def _variable(self, name: str) -> str:
        """Give the variable that holds what the conclusion says under a name."""
        value = self.step.step.fields.get(name)
        wanted = self.step.kind.type_at((name,)) or ANY
        text = "None" if value is None else self.joint.reading.text(value, self.code, wanted)
        return self.variables.setdefault(text, f"v{len(self.variables)}")

    def _column(self, text: str) -> int:
        return self.columns.setdefault(text, len(self.columns))

    def _function(self) -> str:
        """Write the function: found matches → a list for each alias, its rows as they are now, and for each column."""
        self.code.names["text"] = text_of
        aliases, rows = self.joint.aliases, self.joint.scope.rows
        names = [f"t{number}" for number in self.columns.values()]
        states = {alias for alias in aliases if self.joint.parts[alias].form != "event"}
        parts = [f"q{number}" for number in range(len(aliases))]
        now = [f"{rows[one]}.twin or {rows[one]}.still()" if one in states else rows[one] for one in aliases]
        body = [
            f"    {', '.join([*parts, *names])} = {', '.join('[]' for _ in (*parts, *names))}",
            "    for _, one, _ in every:",
            f"        {''.join(f'{rows[one]}, ' for one in aliases)} = one",
            *(f"        {name} = {text}" for text, name in self.variables.items()),
            *(f"        {name}.append({text})" for name, text in zip(parts, now, strict=True)),
            *(f"        t{number}.append({text})" for text, number in self.columns.items()),
            f"    return ({''.join(f'{name}, ' for name in parts)}), ({''.join(f'{name}, ' for name in names)})",
        ]
        return self.code.function("columns", "every", body)
