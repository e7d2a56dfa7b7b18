"""What a configuration names beside rules: whether it is there and can be used, as far as that shows unconnected."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from selfheal_rules.check.findings import at_text, error
from selfheal_rules.diagnostics import Diagnostic, Report, SelfHealError
from selfheal_rules.integrations.senders import load_senders
from selfheal_rules.journal.leasing import is_known
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.serving import Acting, BusSource, FedBy, Http, PollSource, Serving, TailSource, Tls
from selfheal_rules.source import Span


@frozen
class _Named:
    """Something a configuration names: where it does, how it is looked at, and what helps where that fails."""

    key: str
    said: str
    span: Span
    look: Callable[[], object]
    cure: str

    def found(self) -> Iterator[Diagnostic]:
        """Look at it."""
        try:
            self.look()
        except (OSError, ValueError, SelfHealError) as problem:
            why = getattr(problem, "strerror", None) or str(problem)
            message = f"`{self.said}`, the `{self.key}` of this process, cannot be used: {why[:1].lower()}{why[1:]}"
            yield error("SH454", message, at_text(self.span, self.said), self.cure)


def looked_at(serving: Serving, folder: Path) -> Report:
    """
    Look at all that a configuration names, and connect to nothing; rules, policy and mappings are for their loaders.

    Raises:
        ImportError: where an extra is missing.
    """
    named = [*_journal(serving, folder), *(_http(serving.http, folder) if serving.http else ())]
    for source in serving.sources:
        named += _fed(source, folder)
    named += _acting(serving.executors, folder) if serving.executors else ()
    return Report.of(finding for one in named for finding in one.found())


def _journal(serving: Serving, folder: Path) -> Iterator[_Named]:
    said, span = serving.journal, serving.span
    if "://" in said:  # a password may be in it, so the line is not shown
        shown = f"{said.partition(':')[0]}://…"
        yield _Named("journal", shown, span, lambda: open_journal(said), "write the URL of a database")
    elif said:
        yield _Named(
            "journal", said, span, lambda: _holding(folder / said), "make the folder, for the process to write"
        )
    if serving.lease:
        file = folder / serving.lease.url
        cure = "write the URL of a coordinator into it, such as `zookeeper://host:2181`"
        yield _Named("url", serving.lease.url, serving.lease.span, lambda: _coordinator(file), cure)


def _http(http: Http, folder: Path) -> Iterator[_Named]:
    if http.address:
        host, _ = http.address
        yield _Named("listen", http.listen, http.span, lambda: _bound(host), "name an address of this machine")
    if http.tokens:
        cure = "write `NAME TOKEN` on each line, with a token of 16 characters or more"
        yield _Named("tokens", http.tokens, http.span, lambda: load_senders(folder / http.tokens), cure)
    if tls := http.tls:
        cure = "name a file in PEM form that the process may read"
        yield _Named("certificate", tls.certificate, http.span, lambda: _read(folder / tls.certificate), cure)
        if tls.clients:
            yield _Named("clients", tls.clients, http.span, lambda: _authority(folder / tls.clients), cure)
        cure = "name the key of the certificate, in PEM form and without a password"
        yield _Named("key", tls.key, http.span, lambda: _certificate(tls, folder), cure)


def _fed(one: FedBy, folder: Path) -> Iterator[_Named]:
    if isinstance(one, TailSource) and one.tail != "-":
        key, said = ("position", one.position) if one.position else ("tail", f"{one.tail}.position")
        yield _Named(
            key, said, one.span, lambda: _holding(folder / said), "name a `position` in a folder that is there"
        )
    elif isinstance(one, BusSource):
        cure = "write the URL of a bus into it, such as `rabbit://user:password@host:5672/`"
        yield _Named("listen", one.listen, one.span, lambda: _bus(folder / one.listen), cure)
    elif isinstance(one, PollSource):
        yield _cloud(one.cloud, one.span)


def _acting(said: Acting, folder: Path) -> Iterator[_Named]:
    if said.record:
        cure = "make the folder, for the process to write"
        yield _Named("record", said.record, said.span, lambda: _holding(folder / said.record), cure)
    if said.cloud:
        yield _cloud(said.cloud, said.span)
    from selfheal_rules.execute.posting import Address  # noqa: PLC0415 - an extra
    from selfheal_rules.serve.telling import addressed  # noqa: PLC0415 - an extra

    for names, read in ((said.tell, addressed), (said.endpoints, Address.read)):
        for name, file in names.items():
            cure = "write its address into it, such as `https://host/path`"
            yield _Named(name, file, said.span, lambda file=file, read=read: read(folder / file), cure)  # type: ignore[misc]


def _cloud(name: str, span: Span) -> _Named:
    from selfheal_rules.serve.cloud import refuse_unknown  # noqa: PLC0415 - an extra

    return _Named("cloud", name, span, lambda: refuse_unknown(name), "name one of `clouds.yaml`")


# Each of these raises OSError or ValueError


def _holding(file: Path) -> None:
    """Whether a file can be written where it is to be; nothing is made."""
    if not file.parent.is_dir():
        message = "its folder is not there"
        raise ValueError(message)
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        message = "this process may not write it"
        raise ValueError(message)


def _read(file: Path) -> None:
    with file.open("rb"):
        pass


def _bound(host: str) -> None:
    """Whether this machine has the address; the port may be ours, of the process that runs."""
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        message = "this machine has no such address"
        raise ValueError(message) from None


def _certificate(tls: Tls, folder: Path) -> None:
    certificate, key = folder / tls.certificate, folder / tls.key
    _read(key)
    if certificate.exists():
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        except ssl.SSLError:
            message = f"it is not the key of `{tls.certificate}`"
            raise ValueError(message) from None


def _authority(file: Path) -> None:
    _read(file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        message = "no certificate of an authority is in it"
        raise ValueError(message) from None


def _bus(file: Path) -> None:
    from selfheal_rules.integrations.oslo_messaging import transport  # noqa: PLC0415 - an extra

    transport(file.read_text("utf-8").strip())


def _coordinator(file: Path) -> None:
    if not is_known(file.read_text("utf-8").strip()):
        message = "nobody brings the scheme its URL begins with"
        raise ValueError(message)
