"""What is wrong with a configuration that is well written: addresses, numbers, and who may send."""

import re
from collections.abc import Iterator
from datetime import timedelta

from selfheal_rules.check.findings import at_text, error, warning
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.plugins import Group, PluginError, plugin
from selfheal_rules.serving import (
    LOOPBACK,
    POLLS,
    Acting,
    BusSource,
    FedBy,
    Http,
    PluginSource,
    PollSource,
    Serving,
    TailSource,
)
from selfheal_rules.source import Span

_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::[0-9]{1,5})?(?:/[^\s?#]*)?")


def check_serving(serving: Serving) -> Report:
    """Say what is wrong with a configuration, by itself: whether its files are there is for the start to see."""
    found = [*_whole(serving), *(_http(serving.http) if serving.http else ()), *_twice(serving)]
    found += _brought(serving)
    found += _relative(serving.executors) if serving.executors else ()
    for one in serving.sources:
        found += _polled(one) if isinstance(one, PollSource) else ()
    return Report.of(found)


def _whole(serving: Serving) -> Iterator[Diagnostic]:
    if serving.http is None and not serving.sources:
        message = "nothing comes in: there is neither `http` nor a source"
        yield error("SH436", message, serving.span, 'add `http: {listen: "127.0.0.1:8642"}`, or a source')
    if serving.queue < 1:
        yield _too_small(serving.span, "queue")
    acting = serving.executors
    if acting and acting.workers < 1:
        yield _too_small(acting.span, "workers")
    if acting and not acting.dry and not serving.policy:
        message = "decisions are to be carried out, and no policy allows any"
        yield warning("SH438", message, acting.span, "add `policy:`; without one every decision stays in shadow")


def _brought(serving: Serving) -> Iterator[Diagnostic]:
    """Look whether each plug-in is there, and one only; it is imported where it is used, at the start."""
    acting = serving.executors
    named: list[tuple[Group, str, Span]] = [("executors", one, acting.span) for one in acting.plugins] if acting else []
    named += [("sources", one.plugin, one.span) for one in serving.sources if isinstance(one, PluginSource)]
    for group, name, span in named:
        try:
            plugin(group, name)
        except PluginError as problem:
            yield error("SH359", str(problem), at_text(span, name), "install the package that brings it")


def _relative(acting: Acting) -> Iterator[Diagnostic]:
    """Have a program be named from the root: what a name alone means is for whoever sets the search path to say."""
    for name, (program, *_) in acting.commands.items():
        if not program.startswith("/"):
            message = f"`{program}`, the program of `{name}`, is not named from the root"
            yield error(
                "SH452", message, at_text(acting.span, program), "write its whole path, such as `/opt/site/drain`"
            )


def _too_small(span: Span, name: str) -> Diagnostic:
    return error("SH431", f"`{name}` is a whole number from 1 on", at_text(span, f"{name}:"))


def _http(http: Http) -> Iterator[Diagnostic]:
    address = http.address
    if address is None:
        cure = 'write `"127.0.0.1:8642"`'
        yield error("SH430", f"`{http.listen}` is not of the form `HOST:PORT`", at_text(http.span, http.listen), cure)
    for name in ("max_body", "rate"):
        if getattr(http, name) < 1:
            yield _too_small(http.span, name)
    if http.zaqar and not _URL.fullmatch(http.zaqar):
        cure = "write `http://controller:8888`"
        yield error("SH439", f"`{http.zaqar}` is no URL of a service", at_text(http.span, http.zaqar), cure)
    if address is not None and address[0] not in LOOPBACK:
        yield from _open(http)


def _open(http: Http) -> Iterator[Diagnostic]:
    """Hold what others can reach to more than what is for this machine alone."""
    place = at_text(http.span, http.listen)
    if not (http.tokens or (http.tls and http.tls.clients)):
        message = f"whoever reaches `{http.listen}` may say that a host is dead"
        yield error("SH432", message, place, "add `tokens:`, or `clients:` under `tls:`")
    elif http.tls is None:
        message = f"tokens go to `{http.listen}` in plain text"
        yield warning("SH433", message, place, "add `tls:`, or listen on the loopback behind a proxy that has it")


def _polled(one: PollSource) -> Iterator[Diagnostic]:
    for name in one.poll:
        if name not in POLLS:
            message = f"no poller is called `{name}`"
            yield error("SH434", message, at_text(one.span, name), did_you_mean(name, POLLS))
    if one.every <= timedelta(0) or one.jitter >= one.every:
        message = "`jitter` is as long as `every`: two sweeps may be made at once"
        yield error("SH435", message, one.span, "make `jitter` a tenth of `every`")
    if one.stale < one.every:
        message = "`stale` is shorter than `every`: what was just asked is stale already"
        yield error("SH435", message, one.span, "let `stale` be several times `every`")
    if one.rate < 1:
        yield _too_small(one.span, "rate")


def _twice(serving: Serving) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], FedBy] = {}
    for one in serving.sources:
        for name in _names(one):
            first = seen.setdefault(name, one)
            if first is not one:
                message = f"`{name[1]}` is a source already"
                yield error("SH437", message, one.span, "leave one of them out", first.span)


def _names(one: FedBy) -> Iterator[tuple[str, str]]:
    if isinstance(one, TailSource):
        yield "tail", one.tail
    elif isinstance(one, BusSource):
        yield "listen", one.listen
    elif isinstance(one, PluginSource):
        yield "plugin", f"{one.plugin} {dict(one.given)}" if one.given else one.plugin
    else:
        yield from ((one.cloud, name) for name in one.poll)
