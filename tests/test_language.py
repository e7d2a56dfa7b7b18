"""The page of the language is true: its examples, and those of the decisions, run on every engine there is."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from inspect import signature
from itertools import takewhile
from pathlib import Path
from shlex import split
from typing import Any, get_args

import pytest
from attrs import field, frozen

from selfheal_rules import values
from selfheal_rules.check import alternatives, check_rules, regex
from selfheal_rules.decide import rounds
from selfheal_rules.decide.decision import Disposition, OutcomeStatus, Status
from selfheal_rules.diagnostics import EventError
from selfheal_rules.engine import MAX_AGE, Engine
from selfheal_rules.events import Event, State, checked
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import Measure, RuleSet
from selfheal_rules.parse import (
    conditions,
    expression,
    params,
    parse_rules,
    parse_vocabulary,
    ruleset,
    steps,
    yaml_nodes,
)
from selfheal_rules.parse import vocabulary as vocabularies
from selfheal_rules.parse.fields import Keys
from selfheal_rules.parse.findings import SHOWN
from selfheal_rules.parse.leaves import OPERATORS
from selfheal_rules.parse.scalars import LARGEST
from selfheal_rules.parse.types import BUILT_IN, WORDS
from selfheal_rules.source import Source
from selfheal_rules.values import microseconds
from selfheal_rules.vocabulary import EPISODE_STATUS, UNITS, FieldType, Kind
from tests.engines import Driver, Make, native, oracle, under
from tests.generate.streams import STATUSES, Advance, Answer, Input
from tests.reference.episodes import Decided

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "language.md"
TEXT = PAGE.read_text("utf-8")
START = datetime(2026, 1, 1, tzinfo=UTC)
SENTENCES = range(1, 32)
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^\*\*(.+?)\*\*(?: \[([\d, ]+)\])?$", re.MULTILINE)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


@frozen
class Block:
    """One fenced block: its language, its text and what stands between it and the block before."""

    language: str
    text: str
    prose: str


@frozen
class Example:
    """Rules and streams under one title, with the numbers of the sentences they show."""

    title: str
    sentences: tuple[int, ...]
    rules: str
    streams: tuple[str, ...] = field(repr=False)


def _blocks(text: str) -> list[Block]:
    found, at = [], 0
    for fence in _FENCED.finditer(text):
        found.append(Block(fence[1], fence[2], text[at : fence.start()]))
        at = fence.end()
    return found


def _examples(blocks: list[Block]) -> Iterator[Example]:
    for at, block in enumerate(blocks):
        following = takewhile(lambda one: one.language == "stream" and not one.prose.strip(), blocks[at + 1 :])
        streams = tuple(one.text for one in following)
        if block.language == "yaml" and streams:
            title, numbers = _TITLE.findall(block.prose)[-1]
            yield Example(title, tuple(int(one) for one in re.findall(r"\d+", numbers)), block.text, streams)


BLOCKS = _blocks(TEXT)
VOCABULARY = next(block.text for block in BLOCKS if block.text.startswith("types:"))
ON_PAGE = list(_examples(BLOCKS))
ENGINEERING = ("0001", "0036")
"""The decisions that are not about what rules mean, and have no example."""
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
IN_DECISIONS = [example for path in DECISIONS for example in _examples(_blocks(path.read_text("utf-8")))]


def _whole(rules: str) -> str:
    """Put the head and the vocabulary of the page before rules that have none of their own."""
    if rules.startswith("selfheal: "):
        return rules
    head = "" if re.search(r"^rules:", rules, re.MULTILINE) else "rules:\n"
    return f"selfheal: 1\nruleset: examples\n{VOCABULARY}{head}{rules}"


def _load(rules: str, values: Mapping[str, object]) -> RuleSet:
    found, report = parse_rules(Source("rules.yaml", _whole(rules)), values=values)
    assert found is not None, report.render()
    errors = (*report.errors, *check_rules(found).errors)
    assert () == errors, "\n".join(error.render() for error in errors)
    return found


def _micros(text: str) -> int:
    """Read `1.5s` or `1m30s` as microseconds."""
    parts = _AMOUNT.findall(text)
    assert "".join(number + unit for number, unit in parts) == text != "", f"`{text}` is no time"
    return sum(int(Decimal(number) * UNITS[unit]) for number, unit in parts)


def _moment(text: str) -> datetime:
    return START + timedelta(microseconds=_micros(text))


def _value(text: str, type_: FieldType) -> Any:  # noqa: ANN401 - as types as there are
    if text == "null":
        return None
    if type_.name == "time":
        return _moment(text)
    if type_.name == "duration":
        return timedelta(microseconds=_micros(text))
    if type_.name in {"string", "enum", "ordered"}:
        return text
    return float(text) if text == "nan" else json.loads(text)


def _fields(words: Iterable[str], kind: Kind) -> tuple[dict[str, Any], dict[str, str]]:
    """Give the fields, and apart from them the attributes `id` and `source`."""
    given = dict(word.split("=", 1) for word in words)
    attributes = {name: given.pop(name) for name in list(given) if name in {"id", "source"}}
    return {name: _value(text, kind.fields[name].type) for name, text in given.items()}, attributes


def _input(line: str, number: int, rules: RuleSet) -> Input:
    at, word, *rest = split(line)
    if word == "advance":
        return Advance(_moment(at))
    if word == "outcome":
        back = int(rest[1].removeprefix("back=")) if rest[1:] else 0
        return Answer(back, next(status for status in STATUSES if status == rest[0]), _moment(at))
    is_cleared = word == "clear"
    kind = rules.vocabulary.kinds[rest.pop(0) if is_cleared else word]
    fields, attributes = _fields(rest, kind)
    source = attributes.get("source", "m")
    if kind.form == "state":
        return State(kind.name, source, _moment(at), fields, cleared=is_cleared)
    return Event(attributes.get("id", f"line-{number}"), kind.name, source, _moment(at), fields)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text) if re.search(r"\s", text) or not text else text


def _seconds(micros: int) -> str:
    return f"{Decimal(micros - microseconds(START)) / 1_000_000:f}s"


def _told(decision: Decided, *, ids: bool) -> str:
    """Write a decision as the page does."""
    again = f"#{decision.attempt}" if decision.attempt > 1 else ""
    target = "-" if decision.target is None else _shown(decision.target)
    params = [f"{name}={_shown(value)}" for name, value in decision.params.items()]
    verdict = [decision.verdict] if decision.verdict != "shadowed" else []
    named = [f"episode={decision.episode}", f"id={decision.id}"] if ids else []
    words = (_seconds(decision.at), decision.action + again, target, *params, f"({decision.rule})", *verdict, *named)
    return "=> " + " ".join(words)


def _holding(view: tuple[str, str, str, int]) -> str:
    kind, _, fields, at = view
    shown = (f"{name}={_shown(value)}" for name, value in sorted(json.loads(fields).items()))
    return " ".join(("==", _seconds(at), kind, *shown))


@frozen
class Line:
    """One line of a stream with the lines of what is expected of it."""

    line: str
    number: int
    expected: tuple[str, ...]

    def play(self, driver: Driver, rules: RuleSet) -> list[str]:
        """Give what an engine makes of it, in the lines of the page."""
        try:
            item = _input(self.line, self.number, rules)
            given = checked(item, rules.vocabulary) if isinstance(item, Event | State) else item
        except EventError:
            return ["=> refused"]
        seen = driver.take(given)
        assert seen is not None, "there is no decision to answer"
        ids = any(" episode=" in line for line in self.expected)
        told = [_told(decision, ids=ids) for decision in seen.decisions]
        asked = {line.split()[2 if line[3].isdigit() else 1] for line in self.expected if line.startswith("==")}
        for kind in sorted(asked):
            found = [_holding(view) for view in seen.states if view[0] == kind]
            told += found or [f"== {kind} none"]
        wants_disposition = any(line.startswith("=> ") and not line[3].isdigit() for line in self.expected)
        return [*([f"=> {seen.disposition}"] if wants_disposition else []), *told]


def _plain(line: str) -> str:
    """Write the time of an expected line in seconds, and one space between words."""
    mark, first, *rest = line.split()
    if first[0].isdigit():
        first = _seconds(microseconds(_moment(first)))
    return " ".join((mark, first, *rest))


def _lines(stream: str) -> tuple[str, list[Line]]:
    """Give the settings of a stream, and its inputs."""
    settings, found = "", list[Line]()
    for number, line in enumerate(stream.splitlines(), 1):
        text = line.partition("  #")[0].strip()
        if text.startswith("with "):
            settings = text.removeprefix("with ")
        elif text.startswith("="):
            last = found.pop()
            found.append(Line(last.line, last.number, (*last.expected, _plain(text))))
        elif text:
            found.append(Line(text, number, ()))
    return settings, found


def _play(stream: str, rules: str, make: Make) -> tuple[str, str]:
    """Give what a stream says, and what an engine does, both in the same lines."""
    settings, inputs = _lines(stream)
    given = dict(word.split("=") for word in settings.split())
    ages = {
        name: timedelta(microseconds=_micros(given.pop(name))) for name in ("max_age", "max_ahead") if name in given
    }
    loaded = _load(rules, given)
    driver = make(loaded, **{"max_age": timedelta(minutes=10), **ages})
    expected = [line for one in inputs for line in (one.line, *one.expected)]
    actual = list[str]()
    for one in inputs:
        actual += [one.line]
        if one.line.startswith("restore"):
            given |= dict(word.split("=") for word in one.line.split()[1:])
            loaded = _load(rules, given)
            driver = under(driver, loaded)
        else:
            actual += one.play(driver, loaded)
    return "\n".join(expected), "\n".join(actual)


SHOWN_BY = [(one, make) for one in (*ON_PAGE, *IN_DECISIONS) for make in (native, oracle)]
CASES = [(one, make) for one, make in SHOWN_BY if make is native or "guard:" not in one.rules]


@pytest.mark.parametrize(("example", "make"), CASES, ids=[f"{one.title}-{make.__name__}" for one, make in CASES])
def test_an_example_is_true(example: Example, make: Make) -> None:
    """What the page says of an example is what both implementations do."""
    for stream in example.streams:
        expected, actual = _play(stream, example.rules, make)
        assert expected == actual


@pytest.mark.parametrize("example", ON_PAGE, ids=lambda example: example.title)
def test_an_example_is_true_across_restarts(example: Example) -> None:
    """An engine that is restored from its snapshot before every input decides what the page says."""
    for stream in example.streams:
        lines = (line if line.startswith(("=", "with ")) else f"restore\n{line}" for line in stream.splitlines())
        expected, actual = _play("\n".join(lines), example.rules, native)
        assert expected == actual


# What stands on the page


def test_titles_differ() -> None:
    """An example can be named."""
    titles = [example.title for example in [*ON_PAGE, *IN_DECISIONS]]
    assert sorted(set(titles)) == sorted(titles)


def test_every_sentence_has_an_example() -> None:
    """Each numbered sentence that can be shown by rules and a stream is shown by one."""
    shown = {number for example in ON_PAGE for number in example.sentences}
    assert [] == [number for number in SENTENCES if number not in shown]


@pytest.mark.parametrize(
    "path", [path for path in DECISIONS if path.name[:4] not in ENGINEERING], ids=lambda path: path.stem
)
def test_a_decision_has_an_example(path: Path) -> None:
    """What was contested is shown by rules and a stream."""
    assert list(_examples(_blocks(path.read_text("utf-8"))))


def test_every_other_block_can_be_read() -> None:
    """A block of YAML without a stream is a vocabulary or a rule set without findings."""
    for at, block in enumerate(BLOCKS):
        is_alone = BLOCKS[at + 1].language != "stream" if at + 1 < len(BLOCKS) else True
        if block.language != "yaml" or not is_alone or block.text == VOCABULARY:
            continue
        if block.text.startswith("selfheal_vocabulary: "):
            assert "no findings" == parse_vocabulary(Source("vocabulary.yaml", block.text))[1].render()
        else:
            found, report = parse_rules(Source("rules.yaml", _whole(block.text)))
            assert "no findings" == (report + check_rules(found)).render() if found else report.render()


def _table(heading: str) -> list[str]:
    """Give the words of the first column of the table under a line of text."""
    rows = TEXT.split(f"\n{heading}\n", 1)[1].lstrip("\n").splitlines()
    found = list(takewhile(lambda row: row.startswith("|"), rows))[2:]
    return [word for row in found for word in re.findall(r"`([^`(]+)[^`]*`", row.replace("\\|", "").split("|")[1])]


KEYS: Mapping[str, Keys] = {
    "Keys of a vocabulary file:": vocabularies.VOCABULARY,
    "Keys of a source:": vocabularies.SOURCE,
    "Keys of an event kind:": vocabularies.EVENT,
    "Keys of a state kind:": vocabularies.STATE,
    "Keys of a field:": vocabularies.FIELD,
    "Keys of a rule set:": ruleset.RULE_SET,
    "Keys of a parameter:": params.PARAMETER,
    "Keys of a rule:": ruleset.RULE,
    "Keys of a pattern:": conditions.PATTERN,
    "Keys of a group:": conditions.GROUP,
    "Keys of `count`:": conditions.COUNT,
    "Keys of `aggregate`:": conditions.AGGREGATE,
    "Keys of `do`:": steps.DO,
    "Keys of `conclude`:": steps.CONCLUDE,
    "Keys of `retry`:": steps.RETRY,
    "Keys of `outcome`:": steps.ENDING,
}


@pytest.mark.parametrize("heading", KEYS)
def test_a_table_of_keys_is_complete(heading: str) -> None:
    """The page names the keys the code reads, and no others."""
    assert sorted(KEYS[heading].known) == sorted(_table(heading))


WORD_TABLES: Mapping[str, Callable[[], Iterable[str]]] = {
    "Field types:": lambda: [*BUILT_IN, *WORDS],
    "Operators of a leaf:": lambda: ["is", "in", *OPERATORS],
    "Measures:": lambda: get_args(Measure),
    "Functions of an expression:": lambda: expression.FUNCTIONS,
    "Guards:": lambda: GUARDS.own,
    "Dispositions:": lambda: get_args(Disposition),
    "Statuses of a verdict:": lambda: get_args(Status),
    "Statuses of an outcome:": lambda: get_args(OutcomeStatus),
    "Statuses of an episode:": lambda: EPISODE_STATUS.values,
}


@pytest.mark.parametrize("heading", WORD_TABLES)
def test_a_table_of_words_is_complete(heading: str) -> None:
    """The page names the words the code knows, and no others."""
    assert sorted(set(WORD_TABLES[heading]())) == sorted(set(_table(heading)))


def test_guards_take_what_the_page_says() -> None:
    """The page names the words beside each guard as the code does."""
    rows = TEXT.split("\nGuards:\n\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    found = {row.split("`")[1]: tuple(row.split("|")[3].strip().split(", ")) for row in rows}
    assert {name: tuple(guard.words) for name, guard in GUARDS.own.items()} == found


def test_limits_are_those_of_the_code() -> None:
    """The page gives each limit as the code has it."""
    engine = signature(Engine.__init__).parameters
    limits = [
        yaml_nodes.SIZE, yaml_nodes.DEPTH, SHOWN, expression.LENGTH, expression.NESTING, regex.LENGTH, regex.POSITIONS,
        regex.WAYS, alternatives.LIMIT, LARGEST.bit_length(), MAX_AGE.total_seconds() / 60,
        engine["remembered"].default, engine["fan_out"].default, rounds.ROUNDS, values.LARGEST.bit_length() - 1,
        values.DEPTH,
    ]  # fmt: skip
    rows = TEXT.split("\nLimits:\n\n", 1)[1].split("\n\n", 1)[0]
    assert limits == [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?![\d,])", rows)]


def test_findings_named_here_exist() -> None:
    """Each code on the page has its entry among the findings."""
    known = set(re.findall(r"^## (SH\d{3})", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE))
    texts = [TEXT, *(path.read_text("utf-8") for path in DECISIONS)]
    assert [] == sorted({code for text in texts for code in re.findall(r"SH\d{3}", text)} - known)
