"""Expressions: what they become, and where their findings stand."""

import pytest

from selfheal_rules.model import Call, Literal, Parameter, Reference, Term
from selfheal_rules.parse import parse_expression, parse_rules
from selfheal_rules.source import Source, Span

A, B, N = Reference("a", ("x",)), Reference("b", ("y", "z")), Parameter("n")


def _read(text: str) -> tuple[Term | None, list[tuple[str, str]]]:
    """Give the term, and each code with the text its caret stands under."""
    source = Source("rules.yaml", f"test: {text}")
    term, findings = parse_expression(text, Span(source, 1, 7, 1, 7 + len(text)))
    lines = [(finding.code, finding.span) for finding in findings]
    return term, [(code, source.line(span.line)[span.column - 1 : span.end_column - 1]) for code, span in lines]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a.x", A),
        ("params.n", N),
        ("5", Literal(5)),
        ("-5", Literal(-5)),
        ("-0.0", Literal(0.0)),
        ("'t'", Literal("t")),
        ("true", Literal(value=True)),
        ("false", Literal(value=False)),
        ("-a.x", Call("neg", (A,))),
        ("a.x + b.y.z * 2", Call("+", (A, Call("*", (B, Literal(2)))))),
        ("a.x - b.y.z", Call("-", (A, B))),
        ("a.x / 2 // 3 % 4", Call("%", (Call("//", (Call("/", (A, Literal(2))), Literal(3))), Literal(4)))),
        ("a.x >= params.n", Call(">=", (A, N))),
        ("a.x == 1", Call("==", (A, Literal(1)))),
        ("a.x != 1", Call("!=", (A, Literal(1)))),
        ("0 < a.x <= 5", Call("and", (Call("<", (Literal(0), A)), Call("<=", (A, Literal(5)))))),
        ("a.x > 1 and not b.y.z", Call("and", (Call(">", (A, Literal(1))), Call("not", (B,))))),
        ("a.x or b.y.z or true", Call("or", (A, B, Literal(value=True)))),
        ("a.x in ['s', 1]", Call("in", (A, Literal(("s", 1))))),
        ("a.x not in (1, 2)", Call("not", (Call("in", (A, Literal((1, 2)))),))),
        ("max(a.x, b.y.z, 1)", Call("max", (A, B, Literal(1)))),
        ("round(abs(a.x), 2)", Call("round", (Call("abs", (A,)), Literal(2)))),
        ("  a.x  ", A),
        ("(a.x)", A),
        ("a.x == '#'", Call("==", (A, Literal("#")))),
    ],
)
def test_an_expression_becomes_a_term(text: str, term: Term) -> None:
    """Operations are calls by their sign, chains are joined by `and`, names are references and parameters."""
    assert (term, []) == _read(text)


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("a.x ** 2 > limit", [("SH132", "a.x ** 2"), ("SH134", "limit")]),
        ("'ü' == a.x or sqrt(a.x)", [("SH136", "sqrt")]),
        ("a.x in [b.y, c]", [("SH134", "c")]),
        ("a.x in []", [("SH135", "[]")]),
        ("a.x[0] > 1", [("SH132", "a.x[0]")]),
        ("(x for x in a.b)", [("SH132", "(x for x in a.b)")]),
        ("{a.x}", [("SH132", "{a.x}")]),
        ("a.x is not true", [("SH132", "a.x")]),
        ("max(a.x, key=b.y)", [("SH137", "max(a.x, key=b.y)")]),
        ("a.x == b'x'", [("SH133", "b'x'")]),
        ("a.__init__ > 1", [("SH134", "a.__init__")]),
        ("", [("SH131", "")]),
        ("x" * 501, [("SH130", "x" * 501)]),
    ],
)
def test_findings_stand_under_what_is_wrong(text: str, findings: list[tuple[str, str]]) -> None:
    """Every part that is refused is named at its own place, and then there is no term."""
    assert (None, findings) == _read(text)


@pytest.mark.parametrize("text", ["a.x\x00", "a.x\\", "'\\d'", "(" * 300, "a.x\ud800"])
def test_what_python_cannot_read_is_no_expression(text: str) -> None:
    """Whatever Python says of a text, in whatever version, is one finding."""
    assert (None, ["SH131"]) == (_read(text)[0], [code for code, _ in _read(text)[1]])


@pytest.mark.parametrize(
    ("scalar", "line", "under"),
    [
        ("a.x > lim", 6, "lim"),
        ("'a.x > lim'", 6, "lim"),
        ('"a.x > lim"', 6, "lim"),
        (">\n          a.x\n          > lim", 8, "lim"),
        ("|\n          a.x >\n          lim", 8, "lim"),
        ("\"a.x == '\\u00e9' or lim\"", 6, "lim"),
        ("'a.x == ''s'' or lim'", 6, "lim"),
        (">\n          lim >\n          lim", 6, ">"),
    ],
)
def test_carets_find_their_way_through_yaml(scalar: str, line: int, under: str) -> None:
    """However the scalar is written, the caret stands under the very word, or at the start of the scalar."""
    head = "selfheal: 1\nruleset: r\nrules:\n  - id: r\n    when:\n      test: "
    source = Source("rules.yaml", f"{head}{scalar}\n    then: [{{do: d}}]\n")
    spans = {finding.span for finding in parse_rules(source)[1].findings if finding.code == "SH134"}
    found = {(span.line, source.line(span.line)[span.column - 1 :].split("'")[0].split('"')[0]) for span in spans}
    assert {(line, under)} == found
