"""
The rule language on one page: what `parse` makes of a file, and all that `check` and `compile` read.

Every value that came from a file knows its span; spans stand outside equality, so two spellings of one rule are
equal. Leaves know their `address`, such as `rules[dead-host].when.all[1].where.power`.
"""

from datetime import timedelta
from typing import Literal as OneOf
from typing import TypeAlias, Union

from attrs import field, frozen

from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.source import NOWHERE, Span
from selfheal_rules.values import EMPTY, FrozenMap, Value
from selfheal_rules.vocabulary import DURATION, FieldType, Form, Vocabulary

Logic: TypeAlias = OneOf["all", "any", "none", "sequence"]
Operator: TypeAlias = OneOf[
    "is", "in", "not", "at_least", "more_than", "at_most", "less_than",
    "matches", "glob", "contains", "starts_with", "ends_with", "exists", "unread",
]  # fmt: skip
Comparison: TypeAlias = OneOf["at_least", "more_than", "at_most", "less_than"]
Measure: TypeAlias = OneOf["avg", "min", "max", "sum", "rate", "percent_of"]


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


def _address() -> str:
    return field(default="", eq=False, repr=False, kw_only=True)


@frozen
class Literal:
    """A value as YAML gives it; its type is known once the field it is compared with is."""

    value: Value
    span: Span = _span()


@frozen
class Reference:
    """`$alias.field`, `$alias.map.key`: a value of another item of the match."""

    alias: str
    path: tuple[str, ...]
    span: Span = _span()

    def __str__(self) -> str:
        """Give the reference as it is written."""
        return "$" + ".".join((self.alias, *self.path))


@frozen
class Parameter:
    """`$params.name`: a value the site may set."""

    name: str
    span: Span = _span()

    def __str__(self) -> str:
        """Give the parameter as it is written."""
        return f"$params.{self.name}"


@frozen
class Unread:
    """Stands where a value could not be read: checks hold it against nothing, and no rule with one in it is run."""

    span: Span = _span()


Operand: TypeAlias = Literal | Reference | Parameter | Unread


@frozen
class Template:
    """`"${dead.host} is gone"`: a text of a step, filled in when the step is issued."""

    parts: tuple[str | Reference | Parameter, ...]
    span: Span = _span()


@frozen
class Call:
    """
    One operation of a `test` or `pick` expression.

    `function` is one of `+ - * / // % neg`, `< <= > >= == !=`, `and or not`, `in`, `abs min max len round`.
    """

    function: str
    arguments: tuple["Term", ...]
    span: Span = _span()


Term: TypeAlias = Union[Operand, Call]  # noqa: UP007 - a forward reference


@frozen
class Test:
    """
    One leaf of `where`: a field, an operator, and what it is held against; a tuple for `in` and lists.

    An empty path and the operator `unread` stand for what could not be read.
    """

    path: tuple[str, ...]
    operator: Operator
    operand: Operand | tuple[Operand, ...]
    span: Span = _span()
    address: str = _address()
    named: Span = _span()
    """Where the field stands; `span` is that of the operator, where there is one."""


@frozen
class Bound:
    """One comparison with a count or an aggregate, such as `at_least: 3`."""

    comparison: Comparison
    operand: Operand
    span: Span = _span()


@frozen
class Count:
    """`count: {at_least: 3, within: 15m, by: [host], distinct: instance}`, on a pattern."""

    bounds: tuple[Bound, ...]
    within: Operand | None = None
    by: tuple[tuple[str, ...], ...] = ()
    distinct: tuple[str, ...] | None = None
    span: Span = _span()
    address: str = _address()


@frozen
class Aggregate:
    """`aggregate: {avg: load, more_than: 90, within: 10m, by: [host]}`, on a pattern; `percent_of` takes leaves."""

    measure: Measure
    of: tuple[str, ...] | tuple[Test, ...]
    bounds: tuple[Bound, ...]
    within: Operand | None = None
    by: tuple[tuple[str, ...], ...] = ()
    span: Span = _span()
    address: str = _address()


@frozen
class Pick:
    """`pick: {max: "process.rss"}`: of the rows that fit, the one with the greatest (or least) value."""

    best: OneOf["max", "min"]
    term: Term
    text: str
    span: Span = _span()


@frozen
class Pattern:
    """
    One witness a rule needs.

    .. code-block:: yaml

        {as: alarm, state: alarm, where: {severity: {at_least: critical}}, for: 30s}

    A pattern without `as` gets an alias no author can write (`#1`).
    """

    alias: str
    form: Form
    kinds: tuple[str, ...]
    where: tuple[Test, ...] = ()
    held: Operand | None = None
    count: Count | None = None
    aggregate: Aggregate | None = None
    pick: Pick | None = None
    span: Span = _span()
    address: str = _address()
    unsure: bool = field(default=False, eq=False, repr=False, kw_only=True)
    """Whether its `count` or `aggregate` could not be read, and so what fields it has for the rest of the rule."""


@frozen
class Formula:
    """`test: "alarm.temp - alarm.limit > 5"`, as an item of a group."""

    term: Term
    text: str
    span: Span = _span()
    address: str = _address()


@frozen
class Same:
    """One equi-join of a group: a field all its patterns share, or a pair of fields of two of them; unread, neither."""

    field: tuple[str, ...] = ()
    pair: tuple[Reference, Reference] | None = None
    span: Span = _span()


@frozen
class Group:
    """Conditions under one word of logic, with what bounds, joins, holds and blocks them."""

    logic: Logic
    items: tuple["Condition", ...]
    same: tuple[Same, ...] = ()
    within: Operand | None = None
    held: Operand | None = None
    unless: tuple["Condition", ...] = ()
    span: Span = _span()
    address: str = _address()


Condition: TypeAlias = Union[Pattern, Group, Formula]  # noqa: UP007 - a forward reference


@frozen
class Conclude:
    """`{conclude: host.dead, with: {host: $alarm.host}, ttl: 1h}`: say that something follows, or no longer does."""

    kind: str
    fields: FrozenMap = EMPTY  # name → Operand | Template
    ttl: Operand | None = None
    cleared: bool = False
    id: str = ""
    after: tuple[str, ...] | None = None
    span: Span = _span()


@frozen
class Confirm:
    """What shows that a step worked, and by when; without `within` there is no deadline of its own."""

    condition: Group
    within: Operand | None = None
    span: Span = _span()


@frozen
class Retry:
    """`retry: {times: 2, backoff: 10s, cap: 5m, jitter: 20%}`: issue a step again; each wait doubles, up to the cap."""

    times: int
    backoff: Operand
    cap: Operand | None = None
    jitter: Operand | None = None
    span: Span = _span()


@frozen
class Do:
    """`{do: compute.fence, target: $dead.host, confirm: …}`: one remediation step."""

    action: str
    target: Operand | Template | None = None
    params: FrozenMap = EMPTY  # name → Operand | Template
    id: str = ""
    after: tuple[str, ...] | None = None
    confirm: Confirm | None = None
    timeout: Operand | None = None
    retry: Retry | None = None
    span: Span = _span()


Step: TypeAlias = Conclude | Do


@frozen
class Guard:
    """One item of `guard`, such as `{limit: 2, per: 10m, by: [$dead.az]}`: its first word and its settings."""

    name: str
    settings: FrozenMap = EMPTY  # word → Operand | tuple[Operand, ...] | Pattern
    span: Span = _span()


@frozen
class Ending:
    """The `outcome` of a rule: what being healed means, by when, and what to do otherwise."""

    healthy: Group
    within: Operand
    otherwise: tuple[Do, ...] = ()
    span: Span = _span()


@frozen
class Rule:
    """When this holds, then do that; a `when` of one pattern is read as an `all` of one item."""

    id: str
    when: Group
    then: tuple[Step, ...]
    doc: str = ""
    key: tuple[Reference, ...] | None = None
    priority: int = 0
    guard: tuple[Guard, ...] = ()
    outcome: Ending | None = None
    span: Span = _span()
    nameless: bool = field(default=False, eq=False, repr=False, kw_only=True)
    """Whether a pattern of it could not be read, and with it perhaps a name: only of a rule that is `unread`."""
    torn: bool = field(default=False, eq=False, repr=False, kw_only=True)
    """Whether something was left out of it that no `Unread` stands for: what it lacks may be there."""


@frozen
class ParameterType:
    """A declared parameter: its type, its default (as YAML gives it) and what it is for; `placed` is the default's."""

    name: str
    type: FieldType
    default: Value = None
    doc: str = ""
    span: Span = _span()
    placed: Span = _span()


ANY_KIND, ANY_PARAMETER = "*", "$params.*"
"""What is lost where nobody can tell how many kinds, or parameters, are."""


@frozen
class RuleSet:
    """
    A file of rules with the words they may use; `params` are declarations, `values` what the site has set.

    What a file with mistakes says is kept as far as it could be read, so that all of it can be checked, and never
    compiled: `faults` is what reading found, `unread` are the rules with a mistake in them, `lost` the kinds, and
    parameters as they are written, whose declaration has one; `*` and `$params.*` stand for any.
    """

    name: str
    rules: tuple[Rule, ...]
    vocabulary: Vocabulary
    params: FrozenMap = EMPTY  # name → ParameterType
    values: FrozenMap = EMPTY  # name → Value
    description: str = ""
    metadata: FrozenMap = EMPTY
    span: Span = _span()
    unread: tuple[Rule, ...] = field(default=(), eq=False, repr=False, kw_only=True)
    lost: frozenset[str] = field(default=frozenset(), eq=False, repr=False, kw_only=True)
    faults: tuple[Diagnostic, ...] = field(default=(), eq=False, repr=False, kw_only=True)

    def may_declare(self, name: str) -> bool:
        """Whether a name nobody knows, of a kind or `$params.name`, may be declared by what could not be read."""
        return name in self.lost or (ANY_PARAMETER if name.startswith("$") else ANY_KIND) in self.lost

    def value(self, operand: Operand) -> Value:
        """Give the raw value of a literal or parameter (durations and times still as text)."""
        if isinstance(operand, Parameter):
            declared = self.params[operand.name]
            return self.values.get(operand.name, declared.default)
        return operand.value if isinstance(operand, Literal) else None

    def duration(self, operand: Operand) -> timedelta:
        """Give an operand that stands where a duration is written."""
        value: timedelta = DURATION.literal(self.value(operand))
        return value
