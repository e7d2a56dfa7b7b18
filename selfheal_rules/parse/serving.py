"""The configuration of `selfheal serve` from YAML."""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from selfheal_rules.diagnostics import Report
from selfheal_rules.model import Literal, Parameter
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, closed, list_items, table
from selfheal_rules.parse.files import nodes_of
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import MapNode, Node, ScalarNode
from selfheal_rules.parse.vocabulary import check_version
from selfheal_rules.serving import (
    TOLD,
    TOPICS,
    Acting,
    BusSource,
    FedBy,
    Http,
    LeaseBy,
    PluginSource,
    PollSource,
    Serving,
    TailSource,
    Tls,
)
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import DURATION

SERVING = Keys(
    "a configuration",
    ("selfheal_serve", "rules", "journal"),
    ("params", "policy", "mappings", "max_age", "max_ahead", "queue", "lease", "http", "sources", "executors"),
)
HTTP = Keys("`http`", ("listen",), ("tokens", "tls", "max_body", "rate", "zaqar"))
TLS = Keys("`tls`", ("certificate", "key"), ("clients",))
TAIL = Keys("a tail", ("tail",), ("position",))
BUS = Keys("a listener", ("listen", "pool"), ("topics", "exchanges"))
POLL = Keys("a poller", ("poll", "cloud"), ("every", "jitter", "stale", "rate"))
PLUGIN = Keys("a plug-in", ("plugin",), ("with",))
ACTING = Keys("`executors`", (), ("record", "cloud", "plugins", "tell", "endpoints", "commands", "dry", "workers"))
LEASE = Keys("`lease`", ("url",), ("name",))
TELL = Keys("`tell`", (), TOLD)
_KINDS = {"tail": TAIL, "listen": BUS, "poll": POLL, "plugin": PLUGIN}
SOURCE_WORDS = tuple(_KINDS)
"""What tells the sources apart; each has just one."""
ACTORS = ("record", "cloud", "plugins", "tell", "endpoints", "commands")
"""Who may carry decisions out: the first alone, or any of the others side by side."""


def parse_serving(source: Source) -> tuple[Serving | None, Report]:
    """Read a configuration, and say everything that is wrong with how it is written; None where the text is none."""
    findings = Findings()
    fields = closed(nodes_of(source, findings), SERVING, findings)
    found = _serving(fields) if fields else None
    return found, findings.report()


def _serving(fields: Fields) -> Serving | None:
    if not check_version(fields, "selfheal_serve"):
        return None
    default = Serving((), "")
    fields.refuse_empty("rules", "name at least one file or folder of rules")
    return Serving(
        _texts(fields, "rules"),
        fields.text("journal"),
        params=FrozenMap(_values(fields, "params")),
        policy=fields.text("policy"),
        mappings=_texts(fields, "mappings"),
        max_age=_length(fields, "max_age", default.max_age),
        max_ahead=_length(fields, "max_ahead", default.max_ahead),
        queue=fields.integer("queue", default.queue),
        lease=_lease(closed(fields.node_of("lease"), LEASE, fields.findings)),
        http=_http(closed(fields.node_of("http"), HTTP, fields.findings)),
        sources=tuple(one for node in fields.items("sources") for one in _source(node, fields.findings)),
        executors=_acting(closed(fields.node_of("executors"), ACTING, fields.findings)),
        span=fields.span,
    )


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    found = (literals.text(node, name, fields.findings) for node in fields.items(name))
    return tuple(one for one in found if one is not None)


def _values(fields: Fields, key: str) -> dict[str, str]:
    """Give values as they are written: their types are for the rule sets, or the plug-in, to say."""
    found = {}
    for name, node, _ in table(fields.node_of(key), key, fields.findings):
        if isinstance(node, ScalarNode) and node.value is not None:
            found[name] = node.value if isinstance(node.value, str) else node.text
        else:
            fields.findings.refuse("SH020", f"`{name}` takes one value, not {literals.shape(node)}", node)
    return found


def _length(fields: Fields, name: str, default: timedelta) -> timedelta:
    found = fields.duration(name)
    node = fields.node_of(name)
    if isinstance(found, Parameter) and node is not None:
        message = f"`{name}` is of no rule set, and has no parameters"
        fields.findings.refuse("SH108", message, node, "write the duration itself, such as `30s`")
    return cast("timedelta", DURATION.literal(found.value)) if isinstance(found, Literal) else default


def _lease(fields: Fields | None) -> LeaseBy | None:
    if fields is None:
        return None
    return LeaseBy(fields.text("url"), fields.text("name") or LeaseBy("").name, span=fields.span)


def _http(fields: Fields | None) -> Http | None:
    if fields is None or not fields.has("listen"):
        return None
    return Http(
        fields.text("listen"),
        tokens=fields.text("tokens"),
        tls=_tls(closed(fields.node_of("tls"), TLS, fields.findings)),
        max_body=fields.integer("max_body", Http("").max_body),
        rate=fields.integer("rate", Http("").rate),
        zaqar=fields.text("zaqar"),
        span=fields.span,
    )


def _tls(fields: Fields | None) -> Tls | None:
    return Tls(fields.text("certificate"), fields.text("key"), fields.text("clients")) if fields else None


def _source(node: Node, findings: Findings) -> Iterator[FedBy]:
    words = [word for word in SOURCE_WORDS if isinstance(node, MapNode) and word in node.entries]
    if isinstance(node, MapNode) and len(words) != 1:
        cure = "write `tail: FILE`, `listen: FILE`, `poll: [nova_services]` or `plugin: NAME`"
        findings.refuse("SH110", "a source has exactly one of `tail`, `listen`, `poll` and `plugin`", node, cure)
        return
    keys = _KINDS[words[0]] if words else TAIL
    before = len(findings.found)
    fields = closed(node, keys, findings)
    if fields is not None:
        found = _one(fields)
        if len(findings.found) == before:
            yield found


def _one(fields: Fields) -> FedBy:
    if fields.has("tail"):
        return TailSource(fields.text("tail"), fields.text("position"), span=fields.span)
    if fields.has("listen"):
        topics = _texts(fields, "topics") if fields.has("topics") else TOPICS
        fields.refuse_empty("topics", "name at least one, or leave it out")
        said = fields.text("listen"), fields.name("pool"), topics, _texts(fields, "exchanges")
        return BusSource(*said, span=fields.span)
    if fields.has("plugin"):
        return PluginSource(fields.text("plugin"), FrozenMap(_values(fields, "with")), span=fields.span)
    fields.refuse_empty("poll", "name at least one, such as `nova_services`")
    default = PollSource((), "")
    return PollSource(
        _texts(fields, "poll"),
        fields.text("cloud"),
        every=_length(fields, "every", default.every),
        jitter=_length(fields, "jitter", default.jitter),
        stale=_length(fields, "stale", default.stale),
        rate=fields.integer("rate", default.rate),
        span=fields.span,
    )


def _acting(fields: Fields | None) -> Acting | None:
    if fields is None:
        return None
    fields.refuse_empty("plugins", "name at least one, or leave it out")
    named = tuple(word for word in ACTORS if fields.has(word))
    if not named or named[0] == ACTORS[0] != named[-1]:
        cure = "write `record: FILE`, or `cloud: NAME` with others of them or without; else nothing is done"
        message = f"`executors` has `record`, or some of {', '.join(f'`{word}`' for word in ACTORS[1:])}"
        fields.findings.refuse("SH110", message, fields.node, cure)
        return None
    return Acting(
        fields.text("record"),
        fields.text("cloud"),
        _texts(fields, "plugins"),
        _tell(closed(fields.node_of("tell"), TELL, fields.findings)),
        _endpoints(fields),
        _commands(fields),
        fields.boolean("dry"),
        fields.integer("workers", Acting().workers),
        span=fields.span,
    )


def _tell(fields: Fields | None) -> FrozenMap:
    return FrozenMap({name: fields.text(name) for name in TOLD if fields.has(name)} if fields else {})


def _endpoints(fields: Fields) -> FrozenMap:
    nodes = table(fields.node_of("endpoints"), "endpoints", fields.findings)
    return FrozenMap({name: literals.text(node, name, fields.findings) or "" for name, node, _ in nodes})


def _commands(fields: Fields) -> FrozenMap:
    """Give programs by name, each with its first arguments."""
    found, findings = {}, fields.findings
    for name, node, _ in table(fields.node_of("commands"), "commands", findings):
        items = list_items(node, name, findings)
        if items == []:
            findings.refuse("SH111", f"`{name}` is empty", node, "write the program, and its first arguments behind it")
        found[name] = tuple(literals.text(one, name, findings) or "" for one in items or ())
    return FrozenMap(found)
