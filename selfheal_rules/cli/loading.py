"""Rule sets from the command line: which files are meant, what is wrong with them, the program they make."""

import json
import math
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from selfheal_rules.check import check_mapping, check_rules
from selfheal_rules.check.ignores import settled
from selfheal_rules.cli.ending import Code, Refused, reason
from selfheal_rules.cli.inputs import read_whole
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.diagnostics import JournalError, Report, RuleSetError
from selfheal_rules.guard.binding import refuse_policy
from selfheal_rules.journal import Journal
from selfheal_rules.journal.journal import named
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import load_vocabulary, parse_mapping, parse_rules
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.parse.mapping import is_mapping
from selfheal_rules.parse.policy import read_policy, shielding
from selfheal_rules.policy import HERE, Policy
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import FieldType, Vocabulary

RULES = "rules.yaml"


@frozen
class Loaded:
    """What one file gave: its rule set, unless it is none or a mapping, and every finding on it."""

    file: Path
    ruleset: RuleSet | None
    report: Report


def rule_files(paths: Iterable[Path]) -> list[Path]:
    """
    Give the files that are meant, each once: a folder stands for its `rules.yaml`, or for those of its folders.

    Raises:
        Refused: where a folder has neither.
    """
    return each_once(paths, _meant)


def each_once(paths: Iterable[Path], meant: Callable[[Path], list[Path]]) -> list[Path]:
    """
    Give the files that paths stand for, each once and in their order.

    Raises:
        Refused: where a path cannot be looked at.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            real = {file.resolve(): file for file in meant(path)}
        except (OSError, RuntimeError) as error:  # Python 3.12 and older call a circle of links a RuntimeError
            message = f"file `{path}` cannot be read: {reason(error)}"
            raise Refused(message) from None
        found |= {place: file for place, file in real.items() if place not in found}
    return list(found.values())


def _meant(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    near = path / RULES
    inner = [near] if near.exists() else [file for one in sorted(path.iterdir()) if (file := one / RULES).exists()]
    if not inner:
        message = f"folder `{path}` has no `{RULES}`, nor has any folder in it"
        raise Refused(message)
    return inner


def load(file: Path, given: Mapping[str, str]) -> Loaded:
    """
    Read a file and check what it says, with parameters as given.

    Raises:
        Refused: where the file cannot be read at all.
    """
    source = read_whole(file)
    if is_mapping(source):
        return Loaded(file, None, _mapping(source, file)[1])
    found, report = parse_rules(source, folder=file.parent)
    if found is None:
        return Loaded(file, None, report)
    ruleset = evolve(found, values=_values(found, given))
    return Loaded(file, ruleset, report + check_rules(ruleset))


def _mapping(source: Source, file: Path) -> tuple[PayloadMapping | None, Report]:
    mapping, report = parse_mapping(source, folder=file.parent)
    return mapping, report + check_mapping(mapping) if mapping else report


def load_mappings(files: Iterable[Path]) -> tuple[PayloadMapping, ...]:
    """
    Load the mappings of a run, no two of one name.

    Raises:
        Refused: with all that is wrong with one.
    """
    found: dict[str, PayloadMapping] = {}
    for file in files:
        mapping, report = _mapping(read_whole(file), file)
        if mapping is None or report.errors:
            message = f"the mapping cannot be used\n\n{report.render()}"
            raise Refused(message)
        if mapping.name in found:
            message = f"two mappings are called `{mapping.name}`"
            raise Refused(message)
        found[mapping.name] = mapping
    return tuple(found.values())


def _values(ruleset: RuleSet, given: Mapping[str, str]) -> FrozenMap:
    wanted = {name: declared.type for name, declared in ruleset.params.items() if name in given}
    return FrozenMap({name: _value(given[name], declared) for name, declared in wanted.items()})


def _value(text: str, wanted: FieldType) -> object:
    """Read a text as its parameter is declared; what does not fit is left for the checks to name."""
    if wanted.name in {"integer", "number", "boolean"}:
        try:
            read: object = json.loads(text)
        except ValueError:
            return text
        return read if isinstance(read, int | float) and math.isfinite(read) else text
    if wanted.name == "list" and wanted.element:
        return tuple(_value(part.strip(), wanted.element) for part in text.split(","))
    return text


def load_all(paths: Iterable[Path], given: Mapping[str, str]) -> list[Loaded]:
    """
    Load every rule set that is meant.

    Raises:
        Refused: where a file cannot be read, or a parameter is given that no rule set declares.
    """
    loaded = [load(file, given) for file in rule_files(paths)]
    if all(one.ruleset for one in loaded):
        known = {name: None for one in loaded if one.ruleset for name in one.ruleset.params}
        for name in given:
            if name not in known:
                message = f"no rule set has a parameter `{name}`; {did_you_mean(name, known) or 'none has any'}"
                raise Refused(message, Code.USAGE)
    return loaded


def load_program(paths: Iterable[Path], given: Mapping[str, str]) -> tuple[Program, Report]:
    """
    Load rule sets and compile them into one program; the report holds what was warned of.

    Raises:
        Refused: with all that is wrong with them.
    """
    loaded = load_all(paths, given)
    report = _unsaid(loaded)
    if report.errors:
        raise Refused("the rules cannot be run\n\n" + report.render())
    _refuse_mappings(loaded)
    try:
        return compile_rules(*(one.ruleset for one in loaded if one.ruleset)), report
    except RuleSetError as error:
        message = "the rule sets cannot run together\n\n" + error.report.render()
        raise Refused(message) from None


def _unsaid(loaded: Iterable[Loaded]) -> Report:
    """Give all findings but those their authors have seen; what they got wrong in that is for `check` to say."""
    report = Report.of(finding for one in loaded for finding in one.report.findings)
    left = settled(report, (one.ruleset.span.source for one in loaded if one.ruleset))
    return Report.of(finding for finding in left.findings if finding in report.findings)


def load_site(program: Program | None, file: Path | None) -> Policy | None:
    """
    Load the policy of a site for a program, if there is one; the host this runs on is protected besides.

    Without a program it is held against none.

    Raises:
        Refused: with all that is wrong with it.
    """
    if file is None:
        return None
    try:
        policy = read_policy(read_whole(file))
        if program:
            refuse_policy(program, policy)
    except RuleSetError as error:
        message = f"the policy cannot be taken\n\n{error}"
        raise Refused(message) from None
    return shielding(policy, socket.gethostname(), HERE)


def _refuse_mappings(loaded: Iterable[Loaded]) -> None:
    for one in loaded:
        if one.ruleset is None:
            message = f"file `{one.file}` is a mapping; give it with `--mapping`"
            raise Refused(message, Code.USAGE)


def load_journal(where: str) -> Journal:
    """
    Open a journal that is there; nobody who misspells a name is shown an empty one.

    Raises:
        Refused: where it is not there, or cannot be opened.
    """
    try:
        journal = open_journal(where)
        is_there = journal.exists()
    except JournalError as error:
        raise Refused(str(error)) from None
    if not is_there:
        message = f"there is no journal `{named(where)}`"
        raise Refused(message)
    return journal


def load_named(name: str) -> Vocabulary:
    """
    Load a vocabulary, a shipped one by name or a file.

    Raises:
        Refused: where it cannot be used.
    """
    try:
        return load_vocabulary(name)
    except RuleSetError as error:
        message = f"the vocabulary cannot be used\n\n{error}"
        raise Refused(message) from None
