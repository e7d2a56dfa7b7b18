"""Vocabularies from YAML: shipped ones by name, others by file, a rule set's own kinds."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import cast, get_args

from attrs import field, frozen

from selfheal_rules.diagnostics import Report, RuleSetError
from selfheal_rules.model import ANY_KIND
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import NAME, Fields, Keys, closed, keyed, one_or_more_names, table
from selfheal_rules.parse.files import nodes_of, read_source, whole
from selfheal_rules.parse.findings import Findings, did_you_mean, likely
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.types import BUILT_IN, read_type
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import ATTRIBUTES, SELF_KINDS, Feed, Field, FieldType, Form, Kind, Vocabulary, Way

_SHIPPED = Path(__file__).parents[1] / "vocabularies"

DECLARATIONS = ("types", "sources", "events", "states")
VOCABULARY = Keys("a vocabulary", ("selfheal_vocabulary", "vocabulary"), ("doc", *DECLARATIONS))
SECTIONS: tuple[tuple[Form, str], ...] = (("event", "events"), ("state", "states"))
EVENT = Keys("an event kind", (), ("doc", "sources", "fields"))
STATE = Keys("a state kind", ("key",), ("doc", "sources", "fields"))
SOURCE = Keys("a source", ("by",), ("service", "switch", "roles"))
FIELD = Keys("a field", ("type",), ("required", "doc", "origin", "secret"))


def parse_vocabulary(source: Source) -> tuple[Vocabulary | None, Report]:
    """Read a vocabulary; None where the text is none, or where it has any error."""
    findings = Findings()
    words = _read(source, findings)
    return (None if findings.found else words.vocabulary), findings.report()


@frozen(eq=False, repr=False)
class Words:
    """
    The vocabulary a file says or names, as far as it could be read.

    `lost` are the kinds whose declaration has a mistake in it.
    """

    vocabulary: Vocabulary = SELF_KINDS
    lost: frozenset[str] = frozenset()

    def __add__(self, other: "Words") -> "Words":
        """Join two vocabularies."""
        return Words(self.vocabulary | other.vocabulary, self.lost | other.lost)


_ANY = Words(lost=frozenset({ANY_KIND}))
"""What a vocabulary says that cannot be read."""


def _read(source: Source, findings: Findings) -> Words:
    fields = closed(nodes_of(source, findings), VOCABULARY, findings)
    if fields is None:
        return _ANY
    is_ours = check_version(fields, "selfheal_vocabulary")
    fields.text("doc")  # for people alone; it has to be a text all the same
    found, lost = read_declarations(fields, fields.name("vocabulary"), SELF_KINDS)
    return Words(found, lost) if is_ours and not fields.strange else Words(found, lost) + _ANY


def check_version(fields: Fields, name: str) -> bool:
    """Refuse a file of another version of the language; one that says none may be of this."""
    node = fields.node_of(name)
    if node is None or (isinstance(node, ScalarNode) and node.value == 1 and type(node.value) is int):
        return True
    fields.findings.refuse("SH100", f"this is version {literals.shape(node)}", node, f"write `{name}: 1`")
    return isinstance(node, ScalarNode) and node.text == "1"


def load_vocabulary(name_or_path: str | Path) -> Vocabulary:
    """
    Load a shipped vocabulary by name, or one from a file.

    Raises:
        RuleSetError: with every finding, also where there is no such vocabulary.
    """
    name = str(name_or_path)
    if is_shipped_name(name):
        found, report = _shipped(name)
    else:
        found, report = _from_file(Path(name))
    if found is None:
        raise RuleSetError(report)
    return found


def is_shipped_name(name: str) -> bool:
    """Whether a text names a shipped vocabulary, not a file."""
    return "/" not in name and "." not in name


def shipped_names() -> tuple[str, ...]:
    """Give the names of all shipped vocabularies."""
    return tuple(sorted(file.stem for file in _SHIPPED.glob("*.yaml")))


@cache
def _shipped(name: str) -> tuple[Vocabulary | None, Report]:
    """Read a shipped vocabulary once: all who name it share its kinds."""
    findings = Findings()
    if name not in shipped_names():
        missing = Source(f"vocabularies/{name}.yaml", "")
        findings.error(
            "SH114", f"no vocabulary `{name}` is shipped", whole(missing), did_you_mean(name, shipped_names())
        )
        return None, findings.report()
    text = (_SHIPPED / f"{name}.yaml").read_text("utf-8")
    return parse_vocabulary(Source(f"vocabularies/{name}.yaml", text))


def _from_file(path: Path) -> tuple[Vocabulary | None, Report]:
    findings = Findings()
    source = read_source(path, findings)
    return parse_vocabulary(source) if source else (None, findings.report())


_UNREAD = FieldType("any", ("",))
"""What a named type is of which the declaration has a mistake in it: a kind with a field of it is lost as well."""


def _is_unread(type_: FieldType) -> bool:
    return type_ is _UNREAD or (type_.element is not None and _is_unread(type_.element))


@frozen(eq=False, repr=False)
class _Declared:
    """What the kinds of one file may use: its named types and sources, and those of the vocabularies below it."""

    types: Mapping[str, FieldType]
    sources: Mapping[str, Feed]
    findings: Findings
    lost: set[str] = field(factory=set)


def read_declarations(fields: Fields, name: str, below: Vocabulary) -> tuple[Vocabulary, frozenset[str]]:
    """
    Read the types and kinds a file declares, and put them on top of `below`.

    A kind with a mistake in it is left out, and its name given beside the vocabulary; a type with one may be any.
    """
    types = _types(fields, below)
    sources = {**below.sources, **{one.name: one for one in _sources(fields)}}
    declared = _Declared({**below.types, **types}, sources, fields.findings)
    kinds: dict[str, Kind] = {}
    for form, section in SECTIONS:
        for kind in _kinds(fields.node_of(section), form, declared):
            if kind.name in kinds or kind.name in below.kinds:
                _refuse_clash(kind, kinds.get(kind.name) or below.kinds[kind.name], fields.findings)
            else:
                kinds[kind.name] = kind
    all_types = FrozenMap({**below.types, **types})
    vocabulary = Vocabulary(name, FrozenMap({**below.kinds, **kinds}), all_types, FrozenMap(sources))
    return vocabulary, frozenset(declared.lost)


def _refuse_clash(kind: Kind, first: Kind, findings: Findings) -> None:
    message = f"kind `{kind.name}` is declared already, as {first.form}"
    related = (first.span,) if first.span.source.text else ()
    findings.error("SH109", message, kind.span, "take another name, or use the kind as it is", related)


def _types(fields: Fields, below: Vocabulary) -> dict[str, FieldType]:
    found: dict[str, FieldType] = {}
    for name, inner, key in table(fields.node_of("types"), "types", fields.findings):
        if name in BUILT_IN:
            fields.findings.refuse("SH109", f"`{name}` is a type of the language", key, "take another name")
            continue
        declared = read_type(inner, {**below.types, **found}, fields.findings)
        if declared is None:
            found[name] = _UNREAD
            continue
        if declared != below.types.get(name, declared):
            message = f"type `{name}` is declared already, as {below.types[name]}"
            fields.findings.refuse("SH109", message, key, "take another name, or use the type as it is")
        found[name] = declared
    return found


def _sources(fields: Fields) -> Iterable[Feed]:
    for name, inner, key in table(fields.node_of("sources"), "sources", fields.findings):
        if not NAME.fullmatch(name):
            fields.findings.refuse("SH103", f"`{name}` is not a name", key, _NAMED)
            continue
        found = closed(inner, SOURCE, fields.findings)
        if found is not None:
            roles = (node := found.node_of("roles")) and one_or_more_names(node, "roles", fields.findings)
            yield Feed(name, _way(found), found.text("service"), found.text("switch"), roles or (), key.span)


def _way(fields: Fields) -> Way:
    found, node = fields.text("by", "bus"), fields.node_of("by")
    if found not in get_args(Way) and node is not None:
        cure = did_you_mean(found, get_args(Way)) or f"write {', '.join(f'`{way}`' for way in get_args(Way))}"
        fields.findings.refuse("SH020", f"`by` takes the way items come, not `{found}`", node, cure)
        return "bus"
    return cast("Way", found)


_NAMED = "names have letters, digits, `_`, `-` and `.`"


def _kinds(node: Node | None, form: Form, declared: _Declared) -> Iterable[Kind]:
    findings = declared.findings
    for name, inner, key in table(node, f"{form}s", findings):
        if not NAME.fullmatch(name):
            findings.refuse("SH103", f"`{name}` is not a name", key, _NAMED)
        elif name.startswith("selfheal."):
            findings.refuse("SH104", f"`{name}` is a name of the engine's own", key, "take another name")
        else:
            before = len(findings.found)
            fields = closed(inner, EVENT if form == "event" else STATE, findings)
            kind = _kind(name, form, fields, key, declared) if fields else None
            if kind and len(findings.found) == before and not any(_is_unread(one.type) for one in kind.fields.values()):
                yield kind
            else:
                declared.lost.add(name)


def _kind(name: str, form: Form, fields: Fields, place: ScalarNode, declared: _Declared) -> Kind:
    rows = list(table(fields.node_of("fields"), "fields", fields.findings))
    key = _key(fields, [row[0] for row in rows]) if form == "state" else ()
    found: dict[str, Field] = {}
    for field_name, inner, at in rows:
        read = _field(field_name, inner, at, key, declared)
        if read is not None:
            found[field_name] = read
    return Kind(name, form, FrozenMap(found), key, fields.text("doc"), place.span, tuple(_given(fields, declared)))


def _given(fields: Fields, declared: _Declared) -> Iterable[str]:
    """Give the sources of a kind, each one that is declared."""
    for item in fields.items("sources"):
        name = literals.text(item, "sources", fields.findings)
        if name is not None and name in declared.sources:
            yield name
        elif name is not None:
            cure = did_you_mean(name, declared.sources) or "declare it under `sources`, or leave it out"
            fields.findings.refuse("SH124", f"no source is called `{name}`", item, cure)


def _key(fields: Fields, declared: list[str]) -> tuple[str, ...]:
    found = []
    fields.refuse_empty("key", "name the fields that tell one state from another")
    for item in fields.items("key"):
        name = literals.text(item, "key", fields.findings)
        if name == "source" or name in declared:
            found.append(name)
        elif name is not None:
            cure = did_you_mean(name, ["source", *declared])
            fields.findings.refuse("SH116", f"key `{name}` is no field of the kind", item, cure)
    return tuple(found)


def _field(name: str, node: Node, place: ScalarNode, key: tuple[str, ...], declared: _Declared) -> Field | None:
    findings = declared.findings
    if name in ATTRIBUTES:
        findings.refuse("SH104", f"every item has `{name}` by itself", place, "leave it out, or take another name")
        return None
    if not literals.is_segment(name):
        findings.refuse("SH105", f"`{name}` is not a name for a field", place, "letters, digits, `_`, `-` and `/`")
        return None
    if not isinstance(node, MapNode) or "type" not in node.entries:
        found = read_type(node, declared.types, findings)
        return Field(name, found, required=name in key, span=place.span) if found else None
    fields = keyed(node, FIELD, findings)
    found = read_type(node.entries["type"], declared.types, findings)
    required = fields.boolean("required") or name in key
    secret = fields.boolean("secret")
    if secret and required:
        cure = "keep the secret out of the key, and let the field be left out"
        findings.refuse("SH123", f"`{name}` cannot be secret: every item needs it", place, cure)
    if found is None:
        return None
    return Field(name, found, required, fields.text("doc"), fields.text("origin"), secret, place.span)


def named_vocabularies(fields: Fields, folder: Path | None) -> Words:
    """Join the vocabularies a rule set names, and what can be read of those with a mistake in them."""
    joined = Words()
    named = fields.node_of("vocabulary")
    for node in fields.items("vocabulary") or ([named] if isinstance(named, ScalarNode) else []):
        name = literals.text(node, "vocabulary", fields.findings)
        found = _named(name, node, folder, fields.findings) if name is not None else _ANY
        for kind in found.vocabulary.kinds.values():
            first = joined.vocabulary.kinds.get(kind.name)
            if first is not None and first is not kind:
                _refuse_clash(kind, first, fields.findings)
        joined += found
    return joined if isinstance(named, ListNode | None) else joined + _ANY


def _named(name: str, node: Node, folder: Path | None, findings: Findings) -> Words:
    if not is_shipped_name(name):
        source = read_source((folder or Path()) / name, findings, node.span)
        return _read(source, findings) if source else _ANY
    if name in shipped_names():
        found, report = _shipped(name)
        findings.found += report.findings
        return Words(found) if found else _ANY
    cure = did_you_mean(name, shipped_names()) + "; a file is written with its ending"
    findings.refuse("SH114", f"no vocabulary `{name}` is shipped", node, cure)
    meant = likely(name, shipped_names())
    return _named(meant, node, folder, findings) + _ANY if meant else _ANY
