"""JSON Schema of what authors write, held against the readers by a library that knows nothing of them."""

import copy
import json
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from selfheal_rules import parse
from selfheal_rules import schema as package
from selfheal_rules.diagnostics import Report
from selfheal_rules.guards import GUARDS
from selfheal_rules.parse import load_vocabulary, parse_mapping, parse_rules, parse_vocabulary
from selfheal_rules.parse.fields import Keys
from selfheal_rules.parse.leaves import OPERATORS
from selfheal_rules.parse.policy import parse_policy
from selfheal_rules.schema import SCHEMAS, kinds, schema
from selfheal_rules.source import Source
from tests.calls import ROOT, Call, caller
from tests.documents import Document, mappings, places, rule_sets, said, vocabularies
from tests.everyday import some
from tests.generate.cases import case

RULES = Draft7Validator(schema("rules"))
OFFERING = Draft7Validator(schema("rules", load_vocabulary("openstack")))
WORDS = Draft7Validator(schema("vocabulary"))
RULE_SETS = dict(rule_sets())
VOCABULARIES = dict(vocabularies())
POLICY = Draft7Validator(schema("policy"))
SITE = said((ROOT / "examples" / "policy.yaml").read_text("utf-8"))
MAPPED = Draft7Validator(schema("mapping"))
MAPPINGS = dict(mappings())


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command."""
    return caller(monkeypatch, capsys)


def _refusals(validator: Draft7Validator, document: Document) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    """Each is a draft-07 schema of a name of its own."""
    found = schema(name, load_vocabulary("openstack"))
    Draft7Validator.check_schema(found)
    assert f"urn:selfheal-rules:{name}:1" == found["$id"]


@pytest.mark.parametrize("name", some(RULE_SETS, 6))
def test_sound_rule_sets_are_taken(name: str) -> None:
    """Every rule set that ships, stands in a page or in a fixture without a finding of reading is taken."""
    document = said(RULE_SETS[name])
    assert ([], []) == (_refusals(RULES, document), _refusals(OFFERING, document))


@pytest.mark.parametrize("name", VOCABULARIES)
def test_shipped_vocabularies_are_taken(name: str) -> None:
    """Every vocabulary of the package is taken."""
    assert [] == _refusals(WORDS, said(VOCABULARIES[name]))


@pytest.mark.parametrize("name", MAPPINGS)
def test_sound_mappings_are_taken(name: str) -> None:
    """Every mapping of a page or of a fixture without a finding is taken."""
    assert [] == _refusals(MAPPED, said(MAPPINGS[name]))


def test_the_policy_that_ships_is_taken() -> None:
    """The example of a site policy is taken."""
    assert [] == _refusals(POLICY, SITE)


@settings(max_examples=25)
@given(st.integers(0, 100_000))
def test_generated_rule_sets_are_taken(seed: int) -> None:
    """What the differential test has both engines run is taken."""
    assert [] == [refusal for text in case(seed).texts for refusal in _refusals(RULES, said(text))]


LOOSER = {
    "SH001": "files are not looked for",
    "SH109": "names are not compared",
    "SH114": "shipped vocabularies are offered, and other texts taken",
    "SH115": "types have names of their own",
    "SH116": "keys of a kind are not looked for among its fields",
    "SH124": "sources are not looked for",
    "SH123": "a secret is not held against what every item needs",
    "SH171": "what a site's guard may go by is not known",
    "SH172": "times, zones and dates are texts",
    "SH173": "an event is not told from a state by what stands beside it",
    "SH161": "parts of a payload are not told from other names",
    "SH162": "formats and zones of times are texts",
    "SH160": "what stands beside what is not all known",
    **dict.fromkeys(("SH130", "SH131", "SH132", "SH133", "SH134", "SH135", "SH136", "SH137"), "expressions are texts"),
}
"""What the readers refuse and a schema cannot, or need not, say."""

VALUES: tuple[Document, ...] = (
    "x", "a b", "5m", "5 min", 5, 1.5, -1, True, None, [], {}, ["a"], ["a", 5], {"a": "b"}, "$a.b", "$$x", "$x",
    "${a.b}", "x ${a.b}", "x ${a}", "$params.p", "$params.p.q", "a.b", "all", "", [["a"]], {"a": {"b": 1}},
    "selfheal.x", "$a.b ",
)  # fmt: skip


def _readers() -> Iterator[tuple[str, Keys]]:
    """Give every closed set of keys of the reading stage by the name it has there."""
    for module in pkgutil.iter_modules(parse.__path__):
        found = vars(import_module(f"{parse.__name__}.{module.name}"))
        yield from ((f"{module.name}.{name}", value) for name, value in found.items() if isinstance(value, Keys))


READERS = {id(keys): (name, keys) for name, keys in _readers()}.values()
TAKEN = {name for _, keys in READERS for name in keys.known}.union(
    OPERATORS, GUARDS.own, *(guard.words for guard in GUARDS.own.values())
)
KEYS = sorted(TAKEN | {"wehre", "x"})


def _damaged(document: Document, random: Random) -> Document:
    """Give a document with one value exchanged, taken out or added, or one key exchanged."""
    found = copy.deepcopy(document)
    *way, last = random.choice(list(places(found)))
    around = found
    for name in way:
        around = around[name]
    chance, value = random.random(), copy.deepcopy(random.choice(VALUES))
    if chance < 0.5:
        around[last] = value
    elif chance < 0.6:
        del around[last]
    elif isinstance(around, list):
        around.append(value)
    else:
        around[random.choice(KEYS)] = around.pop(last) if chance < 0.8 else value
    return found


def _sound() -> st.SearchStrategy[Document]:
    """Give those of which nothing is found; not at import, or every worker reads them all as it collects."""
    sources = [Source("rules.yaml", text) for text in RULE_SETS.values()]
    return st.sampled_from([said(one.text) for one in sources if not parse_rules(one, folder=ROOT)[1].findings])


def _held_against(report: Report, refusals: list[str]) -> None:
    said_by_reader = {finding.code: finding.message for finding in report.findings}
    if refusals:
        assert said_by_reader, f"the reader takes what the schema refuses: {refusals}"
    else:
        assert {} == {code: message for code, message in said_by_reader.items() if code not in LOOSER}


@given(st.deferred(_sound), st.randoms())
def test_a_damaged_rule_set_is_refused_by_both_or_by_neither(document: Document, random: Random) -> None:
    """What the reader takes the schema takes; what it refuses the schema refuses, but for what `LOOSER` names."""
    damaged = _damaged(document, random)
    report = parse_rules(Source("rules.yaml", json.dumps(damaged)))[1]
    _held_against(report, _refusals(RULES, damaged))


SMALL: Document = {
    "selfheal_vocabulary": 1,
    "vocabulary": "small",
    "types": {"level": {"ordered": ["low", "high"]}},
    "sources": {"probe": {"by": "post", "service": "s", "switch": "s"}},
    "events": {
        "beat": {
            "doc": "d",
            "sources": ["probe"],
            "fields": {"host": {"type": "string", "required": True, "doc": "d", "origin": "o", "secret": False}},
        }
    },
    "states": {"node": {"key": ["host"], "fields": {"host": "string", "tags": {"list": "string"}, "level": "level"}}},
}


@given(st.randoms())
def test_a_damaged_vocabulary_is_refused_by_both_or_by_neither(random: Random) -> None:
    """The same of vocabularies."""
    damaged = _damaged(SMALL, random)
    report = parse_vocabulary(Source("vocabulary.yaml", json.dumps(damaged)))[1]
    _held_against(report, _refusals(WORDS, damaged))


@given(st.sampled_from([said(text) for text in MAPPINGS.values()]), st.randoms())
def test_a_damaged_mapping_is_refused_by_both_or_by_neither(document: Document, random: Random) -> None:
    """The same of mappings."""
    damaged = _damaged(document, random)
    report = parse_mapping(Source("mapping.yaml", json.dumps(damaged)))[1]
    _held_against(report, _refusals(MAPPED, damaged))


@given(st.randoms())
def test_a_damaged_policy_is_refused_by_both_or_by_neither(random: Random) -> None:
    """The same of site policies."""
    damaged = _damaged(SITE, random)
    report = parse_policy(Source("policy.yaml", json.dumps(damaged)))[1]
    _held_against(report, _refusals(POLICY, damaged))


@pytest.mark.parametrize(("name", "keys"), READERS, ids=[name for name, _ in READERS])
def test_a_key_the_schema_lacks_is_an_error(name: str, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lets a reader take another key is made to say what stands under it."""
    novel = evolve(keys, optional=(*keys.optional, "novel"))
    for module in pkgutil.iter_modules(package.__path__):
        found = import_module(f"{package.__name__}.{module.name}")
        for here, value in vars(found).items():
            if value is keys:
                monkeypatch.setattr(found, here, novel)
    with pytest.raises(LookupError, match="novel"):
        [schema(sort) for sort in SCHEMAS]
    assert name


def test_every_operator_is_described() -> None:
    """A new operator needs its sentence."""
    described = kinds.leaf()["anyOf"][-1]["properties"]
    assert list(OPERATORS) == list(described)
    assert all(shape["description"] for shape in described.values())


def test_the_words_of_a_vocabulary_are_offered() -> None:
    """Kinds by form, and for a kind its fields with their words; other kinds and words are taken, too."""
    found = schema("rules", load_vocabulary("openstack"))
    alarm = found["definitions"]["where-alarm"]["properties"]["severity"]
    assert ["info", "warning", "minor", "major", "critical"] == alarm["allOf" if "allOf" in alarm else "anyOf"][0][
        "enum"
    ]
    assert alarm["description"].startswith("Ordered of info")
    rule = {"id": "a", "when": {"state": "own.kind", "where": {"severity": "odd"}}, "then": [{"do": "noop"}]}
    assert [] == _refusals(OFFERING, {"selfheal": 1, "ruleset": "r", "rules": [rule]})


def _keys(shape: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a schema
    """Give every key a schema describes, with its shape: none under `if` and `then`, nor the fields of a kind."""
    if isinstance(shape, dict):
        yield from (shape["properties"] if isinstance(shape.get("properties"), dict) else {}).items()
        for name, inner in shape.items():
            if name not in {"if", "then", "examples"} and not name.startswith("where-"):
                yield from _keys(inner)
    elif isinstance(shape, list):
        for inner in shape:
            yield from _keys(inner)


@pytest.mark.parametrize("sort", SCHEMAS)
def test_every_key_is_told_of_and_shown(sort: str) -> None:
    """Each has a sentence, and examples that are such as it takes."""
    found = schema(sort)
    for name, shape in _keys(found):
        assert shape.get("description"), name
        assert shape.get("examples"), name
        whole = Draft7Validator({**shape, "definitions": found["definitions"]})
        wrong = [error.message for example in shape["examples"] for error in whole.iter_errors(example)]
        assert [] == wrong, name


@pytest.mark.parametrize("sort", SCHEMAS)
def test_the_command_prints_a_schema(call: Call, sort: str) -> None:
    """It is JSON, with the shipped vocabulary in it."""
    found = call("schema", sort)
    assert (0, "") == (found.code, found.err)
    assert schema(sort, load_vocabulary("openstack")) == json.loads(found.out)


def test_the_command_takes_other_vocabularies(call: Call, tmp_path: Any) -> None:  # noqa: ANN401 - a path
    """Their kinds are offered; what cannot be used is said."""
    (tmp_path / "own.yaml").write_text("selfheal_vocabulary: 1\nvocabulary: own\nevents: {job.failed: {}}\n", "utf-8")
    found = call("schema", "--vocabulary", tmp_path / "own.yaml")
    assert '"job.failed"' in found.out
    assert '"where-alarm"' not in found.out
    wrong = call("schema", "--vocabulary", "opnstack")
    assert (3, "") == (wrong.code, wrong.out)
    assert "did you mean `openstack`?" in wrong.err
    assert 2 == call("schema", "polcy").code


SHIPPED = ROOT / "selfheal_rules" / "schemas"


@pytest.mark.parametrize("sort", SCHEMAS)
def test_the_schemas_that_ship_are_current(sort: str) -> None:
    """Each file is what `selfheal schema` prints; after a change, write it anew: `selfheal schema rules > …`."""
    text = json.dumps(schema(sort, load_vocabulary("openstack")), indent=2, ensure_ascii=False) + "\n"
    assert text == (SHIPPED / f"{sort}.json").read_text("utf-8")


MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)
SORTS = {"selfheal": "rules", "selfheal_test": "tests"} | {f"selfheal_{sort}": sort for sort in SCHEMAS}
OURS = sorted(
    path
    for folder in ("rulesets", "examples", "selfheal_rules")
    for path in (ROOT / folder).rglob("*.yaml")
    if re.search(r"^selfheal\w*: ", path.read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_ships_names_its_schema(path: Path) -> None:
    """An editor finds it beside the file, without a network."""
    text = path.read_text("utf-8")
    named = MODELINE.search(text)
    known = ((word, sort) for word, sort in SORTS.items() if sort in SCHEMAS)
    sorts = [sort for word, sort in known if re.search(rf"^{word}: ", text, re.MULTILINE)]
    if sorts:
        assert named is not None
        assert SHIPPED / f"{sorts[0]}.json" == (path.parent / named[1]).resolve()
