"""Expressions of `test` and `pick`: Python spelling, read by `ast`, refused but for a short list of forms."""

import ast
import math
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import define, field

from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Call, Literal, Parameter, Reference, Term
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.scalars import LARGEST
from selfheal_rules.source import Span

LENGTH = 500
"""The longest expression read, in characters."""

NESTING = 20
"""The deepest expression read."""

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "abs": (1, 1),
    "min": (2, 20),
    "max": (2, 20),
    "len": (1, 1),
    "round": (1, 2),
}
"""The functions, each with the least and the greatest number of arguments."""

_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
}  # fmt: skip
_COMPARISON: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_REFUSED: Mapping[type[ast.AST], str] = {
    ast.Lambda: "`lambda`",
    ast.IfExp: "`if`",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Subscript: "an index in `[` and `]`",
    ast.JoinedStr: "an f-string",
    ast.NamedExpr: "`:=`",
    ast.Starred: "`*`",
    ast.Await: "`await`",
    ast.Yield: "`yield`",
    ast.YieldFrom: "`yield`",
    ast.Dict: "a mapping",
    ast.Set: "a set",
    ast.List: "a list",
    ast.Tuple: "a list",
}


_TEXTS = re.compile(r"'[^']*'|\"[^\"]*\"")


def parse_expression(text: str, span: Span) -> tuple[Term | None, tuple[Diagnostic, ...]]:
    """Read an expression that stands at `span`; None where it has any finding."""
    findings = Findings()
    term = None
    if len(text) > LENGTH:
        findings.error("SH130", f"the expression is longer than {LENGTH} characters", span, "take it apart")
    else:
        reader = _Reader(text, span, findings)
        tree = reader.tree()
        term = reader.term(tree, 0) if tree is not None else None
    return (None if findings.found else term), tuple(findings.found)


def _shift(text: str, span: Span) -> int | None:
    """Give how far into the span the text begins, or None where it is written otherwise than it reads."""
    if span.line != span.end_line:
        return None
    written = span.source.line(span.line)[span.column - 1 : span.end_column - 1]
    return next((shift for shift in (0, 1) if written == text or written[shift : -shift or None] == text), None)


def _search(piece: str, span: Span) -> Span:
    """Give the one place of a piece of text in a scalar of several lines, or the whole scalar."""
    lines = [(number, span.source.line(number)) for number in range(span.line, span.end_line + 1)]
    found = [(number, line.index(piece)) for number, line in lines if line.count(piece) == 1 and piece.strip()]
    if len(found) != 1:
        return span
    number, at = found[0]
    return Span(span.source, number, at + 1, number, at + 1 + len(piece))


@define(eq=False, repr=False)
class _Reader:
    """Turns the nodes of one expression into terms; what is refused becomes a finding, and its place None."""

    text: str
    span: Span
    findings: Findings
    shift: int | None = field(init=False)
    indent: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shift = _shift(self.text, self.span)
        self.indent = len(self.text) - len(self.text.lstrip())

    def tree(self) -> ast.expr | None:
        """Let Python read the text; its line ends count as spaces."""
        line = " ".join(self.text.lstrip().splitlines())
        if "#" in _TEXTS.sub("", line):
            self._refuse_syntax(self.span)
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return ast.parse(line, mode="eval").body
        except SyntaxError as error:
            at = self.indent + (error.offset or 1) - 1
            self._refuse_syntax(self._place(at, at + 1))
        except (ValueError, MemoryError, RecursionError, Warning):
            self._refuse_syntax(self.span)
        return None

    def _refuse_syntax(self, span: Span) -> None:
        """Say so without Python's own words, which differ from version to version."""
        cure = "write Python's spelling: `alias.field > 5 and not other.field == 'x'`"
        if "$" in self.text:
            cure = "names stand without `$` here: `alias.field`, `params.name`"
        if re.search(r"&&|\|\||!(?!=)", _TEXTS.sub("", self.text)):
            cure = "write `and`, `or` and `not`" + (", and names without `$`" if "$" in self.text else "")
        message = f"`{self._shown()}` is no expression" if self.text.strip() else "the expression is empty"
        self.findings.error("SH131", message, span, cure)

    def _shown(self) -> str:
        text = " ".join(self.text.split())
        return text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 - a line's worth

    def _place(self, start: int, stop: int) -> Span:
        """Give the span of characters `start` to `stop`; the whole scalar where that cannot be told."""
        if not 0 <= start < stop <= len(self.text) + 1:
            return self.span
        if self.shift is None:
            return _search(self.text[start:stop], self.span)
        return self.span.part(self.shift + start, self.shift + stop)

    def span_of(self, node: ast.expr) -> Span:
        """Give where a node stands; Python counts bytes, spans count characters."""
        raw = self.text.lstrip().encode()
        start, stop = (len(raw[:at].decode()) for at in (node.col_offset, node.end_col_offset or 0))
        return self._place(self.indent + start, self.indent + stop)

    def refuse(self, code: str, message: str, node: ast.expr, cure: str = "") -> None:
        """Add a finding at a node."""
        self.findings.error(code, message, self.span_of(node), cure)

    def term(self, node: ast.expr, depth: int) -> Term | None:
        """Read one node and what is in it."""
        if depth > NESTING:
            self.refuse("SH130", f"the expression is nested deeper than {NESTING} levels", node, "take it apart")
            return None
        read = _TERMS.get(type(node))
        if read is not None:
            return read(self, node, depth + 1)
        what = _REFUSED.get(type(node), "this")
        cure = "an expression has fields, numbers, texts, arithmetic, comparisons, `and`, `or`, `not`, `in`"
        self.refuse("SH132", f"{what} has no place in an expression", node, cure)
        return None

    def call(self, function: str, nodes: list[ast.expr], node: ast.expr, depth: int) -> Call | None:
        """Read the arguments of one operation."""
        arguments = [self.term(argument, depth) for argument in nodes]
        sound = tuple(argument for argument in arguments if argument is not None)
        return Call(function, sound, span=self.span_of(node)) if len(sound) == len(arguments) else None


def _constant(reader: _Reader, node: ast.Constant, _: int) -> Term | None:
    value, span = node.value, reader.span_of(node)
    if isinstance(value, bool):
        word = str(value).lower()
        reader.refuse("SH133", f"`{value}` is written `{word}`", node, f"write `{word}`")
    elif value is None:
        reader.refuse("SH133", "`None` is no value", node, "a missing field makes the expression unknown by itself")
    elif isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value) and abs(value) < LARGEST):
        return Literal(value, span=span)
    else:
        reader.refuse("SH133", "this is no number or text of an expression", node, "write a number or a text in quotes")
    return None


def _name(reader: _Reader, node: ast.Name, _: int) -> Term | None:
    if node.id in {"true", "false"}:
        return Literal(node.id == "true", span=reader.span_of(node))
    cure = f'write `{node.id}.field` for a field, "{node.id}" in quotes for a text'
    reader.refuse("SH134", f"`{node.id}` alone is no value", node, cure)
    return None


def _attribute(reader: _Reader, node: ast.Attribute, _: int) -> Term | None:
    names: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or any(name.startswith("__") for name in (inner.id, *names)):
        reader.refuse("SH134", "a field is read of an alias alone", node, "write `alias.field`")
        return None
    span, path = reader.span_of(node), tuple(reversed(names))
    if inner.id != "params":
        return Reference(inner.id, path, span=span)
    if len(path) == 1:
        return Parameter(path[0], span=span)
    reader.refuse("SH134", f"parameter `{path[0]}` has no fields", node, f"write `params.{path[0]}`")
    return None


def _binary(reader: _Reader, node: ast.BinOp, depth: int) -> Term | None:
    function = _ARITHMETIC.get(type(node.op))
    if function is None:
        reader.refuse("SH132", "this operator has no place in an expression", node, "known: `+ - * / // %`")
        return None
    return reader.call(function, [node.left, node.right], node, depth)


def _unary(reader: _Reader, node: ast.UnaryOp, depth: int) -> Term | None:
    if isinstance(node.op, ast.Not):
        return reader.call("not", [node.operand], node, depth)
    if not isinstance(node.op, ast.USub):
        reader.refuse("SH132", "this operator has no place in an expression", node, "known: `-` and `not`")
        return None
    found = reader.call("neg", [node.operand], node, depth)
    inner = found.arguments[0] if found else None
    if isinstance(inner, Literal) and type(inner.value) in {int, float}:
        return Literal(0 - inner.value, span=reader.span_of(node))
    return found


def _logic(reader: _Reader, node: ast.BoolOp, depth: int) -> Term | None:
    return reader.call("and" if isinstance(node.op, ast.And) else "or", node.values, node, depth)


def _compare(reader: _Reader, node: ast.Compare, depth: int) -> Term | None:
    lefts = [node.left, *node.comparators[:-1]]
    links = [
        _link(reader, left, operator, right, depth)
        for left, operator, right in zip(lefts, node.ops, node.comparators, strict=True)
    ]
    sound = tuple(link for link in links if link is not None)
    if len(sound) < len(links):
        return None
    return sound[0] if len(sound) == 1 else Call("and", sound, span=reader.span_of(node))


def _link(reader: _Reader, left: ast.expr, operator: ast.cmpop, right: ast.expr, depth: int) -> Term | None:
    if isinstance(operator, ast.In | ast.NotIn):
        found = _membership(reader, left, right, depth)
        return found if found is None or isinstance(operator, ast.In) else Call("not", (found,), span=found.span)
    function = _COMPARISON.get(type(operator))
    if function is None:
        reader.refuse("SH132", "`is` has no place in an expression", left, "write `==` or `!=`")
        return None
    return reader.call(function, [left, right], left, depth)


def _membership(reader: _Reader, left: ast.expr, right: ast.expr, depth: int) -> Call | None:
    term = reader.term(left, depth)
    if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
        reader.refuse("SH135", "`in` takes a list of values", right, "write it as `alias.field in ['a', 'b']`")
        return None
    values = [reader.term(element, depth) for element in right.elts]
    literals = tuple(value.value for value in values if isinstance(value, Literal))
    if term is None or None in values:
        return None
    if len(literals) < len(values):
        reader.refuse("SH135", "a list behind `in` holds plain values", right, "compare fields with `==` and `or`")
        return None
    return Call("in", (term, Literal(literals, span=reader.span_of(right))), span=reader.span_of(left))


def _function(reader: _Reader, node: ast.Call, depth: int) -> Term | None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS:
        message = f"`{name}` is no function" if name else "only the built-in functions can be called"
        reader.refuse("SH136", message, node.func, did_you_mean(name, FUNCTIONS))
        return None
    least, most = FUNCTIONS[name]
    if node.keywords or not least <= len(node.args) <= most:
        wanted = "one value" if most == 1 else f"{least} to {most} values"
        reader.refuse("SH137", f"`{name}` takes {wanted}", node, f"write `{name}(alias.field)`")
        return None
    return reader.call(name, node.args, node, depth)


_Read: TypeAlias = Callable[[_Reader, Any, int], Term | None]
_TERMS: Mapping[type[ast.expr], _Read] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logic,
    ast.Compare: _compare,
    ast.Call: _function,
}
