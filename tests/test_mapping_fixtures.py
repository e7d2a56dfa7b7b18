"""Every finding on a mapping stands on the line that is guilty of it, and no other is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.check import check_mapping
from selfheal_rules.diagnostics import Report
from selfheal_rules.parse import parse_mapping
from selfheal_rules.source import Source
from tests.acme import block
from tests.chunks import Chunk, places, read_chunks

CHUNKS = read_chunks("mapping")
HEAD = "selfheal_mapping: 1\nmapping: acme\nvocabulary: [openstack]\n"
EMPTY = "recognise: {payload.a: 1}\nitems: []"


def _report(source: Source) -> Report:
    mapping, report = parse_mapping(source)
    return report + check_mapping(mapping) if mapping else report


@pytest.mark.parametrize("chunk", CHUNKS, ids=str)
def test_findings_stand_on_the_guilty_lines(chunk: Chunk) -> None:
    """The findings are those the fixture names, each on its line: none is missing and none is added."""
    assert chunk.expected == places(_report(chunk.source))


def test_what_can_be_read_is_checked_beside_what_cannot() -> None:
    """A value that cannot be read hides nothing else: neither of its own item nor of another."""
    text = (
        HEAD
        + "recognise: {payload.v: 1}\nitems:\n"
        + "  - {event: host.lost, fields: {host: $x.y}}\n  - {event: lots, fields: {}}\n"
    )
    assert [(6, "SH161"), (6, "SH228"), (7, "SH203")] == places(_report(Source("m.yaml", text)))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["SH014"]),
        ("[]", ["SH020"]),
        (HEAD.replace("1", "2") + EMPTY, ["SH100", "SH111"]),
        (HEAD, ["SH101", "SH101"]),
        (HEAD.replace("openstack", "opnstack") + EMPTY, ["SH111", "SH114"]),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, codes: list[str]) -> None:
    """An empty file, a list, another version, a missing part, an unknown vocabulary."""
    assert codes == sorted(finding.code for finding in _report(Source("m.yaml", text)).findings)


def test_a_finding_has_a_caret_and_a_cure() -> None:
    """The face is that of the rule language."""
    text = HEAD + "recognise: {vendor: ACME}\nitems: [{event: host.lost, fields: {recoverable: true}}]\n"
    assert [
        "m.yaml:4:13: error[SH161]: `vendor` is no part of the payload",
        " | recognise: {vendor: ACME}",
        " |             ^^^^^^",
        " = help: write `payload.vendor`",
        "",
        "1 error, 0 warnings",
    ] == _report(Source("m.yaml", text)).render().splitlines()


LINES = block("mapping").splitlines()
SIGNS = ("", "-", ":", "{", "}", "[", "]", "$payload", "${", "*", "&a", "5", "null", "true", "'")


@given(st.data())
def test_reading_a_mapping_never_raises(data: st.DataObject) -> None:
    """Lines left out, put elsewhere, cut, mixed with signs of YAML: what comes of it is findings, each with a place."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        piece, rest = data.draw(st.sampled_from([*LINES, *SIGNS])), data.draw(st.sampled_from(["", lines[at][cut:]]))
        lines[at] = lines[at][:cut] + piece + rest
    source = Source("m.yaml", "\n".join(lines))
    assert all(finding.span.source is source or finding.code == "SH114" for finding in _report(source).findings)
