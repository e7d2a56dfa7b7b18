"""
Telling people: `notify` and `page`, over an Alertmanager, by a JSON text to whatever takes one, or by mail.

    alertmanager+https://alerts.example.org          an alert: routes, groups and silences of the site hold for it
    https://chat.example.org/hooks/SECRET            {"text": …, "severity": …, "target": …, …}, with an Idempotency-Key
    smtps://user:password@mail.example.org?to=on-call@example.org&from=selfheal@example.org

An address is in a file that few can read, and no more of it than scheme and host is said: the rest may be a secret.
`smtp://` has its password go under STARTTLS alone.
"""

import smtplib
import ssl
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from attrs import frozen

from selfheal_rules.decide.decision import Decision, Outcome
from selfheal_rules.diagnostics import ExecutorError
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.posting import Address, UnansweredError, post, within
from selfheal_rules.execute.site import others_of, said_by

_TIMEOUT, _PATIENCE = 10.0, 60.0
"""Seconds for each answer of a mail server, some of which let strangers wait, and for all of them."""
_SEVERITY = {"notify": "info", "page": "critical"}
_OURS = 500


def addressed(file: Path) -> Address:
    """
    Read from its file where people are told.

    Raises:
        OSError: where the file cannot be read.
        ValueError: where it holds no such address; the message shows nothing of it.
    """
    found = Address.read(file, tuple(_WAYS))
    if found.url.scheme.startswith("smtp") and not (found.said("to") and found.said("from")):
        message = f"`{file}` holds the address of a mail server without `?to=…&from=…`"
        raise ValueError(message)
    return found


@frozen
class Told:
    """What people are told: a text, how bad it is, and what a decision is about."""

    text: str
    severity: str
    decision: Decision

    @classmethod
    def by(cls, decision: Decision) -> "Told":
        """Take it from a decision."""
        severity = decision.params.get("severity") or _SEVERITY[decision.action]
        return cls(said_by(decision), str(severity), decision)

    def about(self) -> dict[str, str]:
        """Give what tells it from others."""
        one = self.decision
        return {"action": one.action, "target": str(one.target), "rule": one.rule, "decision": one.id}

    def others(self) -> dict[str, Any]:
        """Give what else the rule wants told."""
        return others_of(self.decision, "text", "severity")


@frozen
class Telling:
    """
    Carries out `notify` or `page` by one address.

    An Alertmanager knows an alert by its labels, so one that is posted twice is one; a mail or a text is two, and is
    not sent again where nobody knows whether it went.
    """

    action: str
    address: Address
    dry: bool = False
    clock: Clock = time_of_day

    @property
    def actions(self) -> Collection[str]:
        """The one action."""
        return (self.action,)

    @property
    def idempotent(self) -> bool:
        """Whether a second call tells nobody a second time."""
        return self.address.url.scheme.startswith("alertmanager")

    def execute(self, decision: Decision) -> Outcome:
        """
        Tell people; a dry run says whom it would tell what.

        Raises:
            ExecutorError: where nobody was told, with whether a retry can help.
        """
        told = Told.by(decision)
        if self.dry:
            return Outcome.of(decision, "dry_run", self.clock(), f"{self.address} would be told: {told.text}")
        try:
            _WAYS[self.address.url.scheme](self.address, told)
        except UnansweredError as sent:
            return Outcome.of(decision, "unconfirmed", self.clock(), f"{self.address} gave no answer: {sent}")
        return Outcome.of(decision, "done", self.clock(), f"{self.address} took it")


def _alert(address: Address, told: Told) -> None:
    """Post an alert to version 2 of Alertmanager's API; it ends by itself after the `resolve_timeout` there."""
    labels = {"alertname": f"selfheal_{told.decision.action}", "severity": told.severity, **told.about()}
    others = {name: str(value) for name, value in told.others().items()}
    alert = {
        "labels": labels,
        "annotations": {**others, "summary": told.text},
        "startsAt": told.decision.time.isoformat(),
    }
    path = f"{address.url.path.rstrip('/')}/api/v2/alerts"
    url = address.url._replace(scheme=address.url.scheme.partition("+")[2], path=path)
    post(address, [alert], {}, url)


def _text(address: Address, told: Told) -> None:
    """Post a text as JSON, under the name chats take it by."""
    body = {"text": told.text, "severity": told.severity, **told.about(), "more": told.others()}
    post(address, body, {"Idempotency-Key": told.decision.idempotency_key})


def _mail(address: Address, told: Told) -> None:
    """Send a mail, whose id is the decision's, so that a second one can be known."""
    mail = EmailMessage()
    mail["To"], mail["From"] = address.said("to"), address.said("from")
    mail["Subject"] = " ".join(f"[{told.severity}] {told.decision.action}: {told.decision.target}".split())
    mail["Message-ID"] = f"<{told.decision.idempotency_key.replace('/', '.')}@selfheal>"
    lines = (f"{name}: {value}" for name, value in (told.about() | told.others()).items())
    mail.set_content("\n".join([told.text, "", *lines, ""]))
    within(_PATIENCE, partial(_sent, address, mail))


def _sent(address: Address, mail: EmailMessage) -> None:
    with _server(address) as server:
        try:
            server.send_message(mail)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            raise _refused(address, error) from None
        except (OSError, smtplib.SMTPException) as error:
            raise UnansweredError(type(error).__name__) from None


def _server(address: Address) -> smtplib.SMTP:
    """Give a server that lets us in; a password goes to it under TLS alone."""
    secure = ssl.create_default_context()
    make = partial(smtplib.SMTP_SSL, context=secure) if address.url.scheme == "smtps" else smtplib.SMTP
    try:
        with ExitStack() as undone:
            server = make(address.url.hostname or "", address.url.port or 0, timeout=_TIMEOUT)
            undone.callback(server.close)
            _log_in(address, server, secure)
            undone.pop_all()
    except smtplib.SMTPResponseException as error:
        raise _refused(address, error) from None
    except (OSError, smtplib.SMTPException) as error:
        message = f"{address} cannot be reached ({type(error).__name__})"
        raise ExecutorError(message, retryable=True) from None
    return server


def _log_in(address: Address, server: smtplib.SMTP, secure: ssl.SSLContext) -> None:
    if address.url.username:
        if address.url.scheme == "smtp":
            server.starttls(context=secure)
        server.login(unquote(address.url.username), unquote(address.url.password or ""))


def _refused(address: Address, error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> ExecutorError:
    codes = (
        [code for code, _ in error.recipients.values()]
        if isinstance(error, smtplib.SMTPRecipientsRefused)
        else [error.smtp_code]
    )
    return ExecutorError(f"{address} answered {codes[0]}", retryable=max(codes) < _OURS)


_WAYS: Mapping[str, Callable[[Address, Told], None]] = {
    "alertmanager+https": _alert,
    "alertmanager+http": _alert,
    "https": _text,
    "http": _text,
    "smtps": _mail,
    "smtp": _mail,
}
