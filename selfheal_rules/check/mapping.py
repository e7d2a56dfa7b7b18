"""Hold a mapping against the vocabulary it names: kinds, fields, values, and what a kind needs."""

from collections.abc import Iterator
from pathlib import Path

from selfheal_rules.check.findings import a, at_word, error, listed
from selfheal_rules.check.names import unknown_kind
from selfheal_rules.check.operands import literal_misfit
from selfheal_rules.diagnostics import Diagnostic, Report, RuleSetError
from selfheal_rules.mapping import Constant, Filled, ItemMapping, Origin, PayloadMapping, Taken
from selfheal_rules.model import Literal
from selfheal_rules.parse import parse_mapping
from selfheal_rules.parse.files import read_source
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.vocabulary import BOOLEAN, INTEGER, NUMBER, STRING, TIME, FieldType, Kind

_GIVES = {"integer": INTEGER, "number": NUMBER, "boolean": BOOLEAN, "text": STRING, "time": TIME}
_LENGTHS = ("time", "duration", "any")


def load_mapping(path: str | Path) -> PayloadMapping:
    """
    Load a mapping from a file and check it, ready for `normalize_payload` and `read_items`.

    Raises:
        RuleSetError: with every finding, also where the file cannot be read.
    """
    file, findings = Path(path), Findings()
    source = read_source(file, findings)
    if source is None:
        raise RuleSetError(findings.report())
    found, report = parse_mapping(source, folder=file.parent)
    report += check_mapping(found) if found else Report(())
    if found is None or report.errors:
        raise RuleSetError(report)
    return found


def check_mapping(mapping: PayloadMapping) -> Report:
    """Say everything that does not hold of a mapping that could be read."""
    findings = [*_fits(mapping.source, STRING), *(_fits(mapping.time, TIME) if mapping.time else ())]
    for item in mapping.items:
        findings += _item(item, mapping)
    return Report.of(findings)


def _item(item: ItemMapping, mapping: PayloadMapping) -> Iterator[Diagnostic]:
    yield from _fits(item.id, STRING) if item.id else ()
    yield from _fits(item.time, TIME) if item.time else ()
    kind = mapping.vocabulary.kinds.get(item.kind)
    if not item.kind:
        return  # what it is could not be read, and that was said
    if kind is None:
        yield unknown_kind(mapping.vocabulary, item.kind, item.span, (item.form,))
    elif kind.form != item.form:
        message = f"`{kind.name}` is {'an' if kind.form == 'event' else 'a'} {kind.form}, and `{item.form}:` names it"
        place = at_word(item.span, kind.name)
        yield error("SH204", message, place, f"write `{kind.form}: {kind.name}`", kind.span)
    else:
        yield from _fields(item, kind)


def _fields(item: ItemMapping, kind: Kind) -> Iterator[Diagnostic]:
    for name, origin in item.fields.items():
        declared = kind.fields.get(name)
        if declared is None:
            cure = did_you_mean(name, kind.fields)
            yield error("SH205", f"`{kind.name}` has no field `{name}`", at_word(item.span, name), cure, kind.span)
        else:
            yield from _fits(origin, declared.type)
    needed = (name for name, field in kind.fields.items() if field.required or name in kind.key)
    missing = tuple(name for name in needed if name not in item.fields)
    if missing:
        place, cure = at_word(item.span, kind.name), "add it under `fields:`"
        yield error("SH228", f"`{kind.name}` needs {listed(missing)}", place, cure, kind.span)


def _fits(origin: Origin, wanted: FieldType) -> Iterator[Diagnostic]:
    """Say where a value cannot be one of its field's type, whatever the payload holds."""
    if isinstance(origin, Constant):
        yield from _constants([origin.value], origin, wanted)
    elif isinstance(origin, Filled):
        if wanted.name not in {"string", "any"}:
            cure = "write `$payload.name` as a whole"
            yield error("SH220", f"a filled-in text is not {a(wanted)}", origin.span, cure)
    elif origin.words is not None:
        yield from _constants([*origin.words.values(), origin.otherwise], origin, wanted)
    else:
        yield from _read(origin, wanted)


def _constants(values: list[object], origin: Constant | Taken, wanted: FieldType) -> Iterator[Diagnostic]:
    for value in values:
        found = literal_misfit(Literal(value, span=origin.span), wanted) if value is not None else None
        if found:
            yield error(found.code, found.message, at_word(origin.span, str(value)), found.help)


def _read(origin: Taken, wanted: FieldType) -> Iterator[Diagnostic]:
    read = origin.read or ("time" if origin.format or origin.zone else "")
    if not read or wanted.name == "any":
        return
    gives = _GIVES.get(read)
    if gives is None:
        fits, said = wanted.name in _LENGTHS, f"`{read}` make a time or a duration"
    else:
        fits = gives == wanted or (gives, wanted.name) in {(INTEGER, "number"), (STRING, "enum"), (STRING, "ordered")}
        said = f"this is read as {a(gives)}"
    if not fits:
        cure = "read it as the field asks, or leave `read` out"
        yield error("SH223", f"{said}, and {a(wanted)} stands here", origin.span, cure)
