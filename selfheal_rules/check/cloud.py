"""What is wrong with a description of a cloud that is well written: names that nothing here knows."""

import re
from collections.abc import Collection, Iterable, Iterator

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.findings import at_word, error, warning
from selfheal_rules.cloud import Cloud
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.parse.findings import did_you_mean, likely
from selfheal_rules.vocabulary import Vocabulary, Way

_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?|")
_WAYS: tuple[tuple[str, Way, str], ...] = (
    ("notifications", "bus", "source on the bus"),
    ("webhooks", "post", "source that is posted"),
    ("pollers", "poll", "poller"),
)


def check_cloud(cloud: Cloud, vocabulary: Vocabulary, healers: Collection[str] = ()) -> Report:
    """Hold a description against the sources and kinds of a vocabulary, the catalogue of actions and other healers."""
    return Report.of((*_services(cloud, vocabulary), *_sources(cloud, vocabulary), *_names(cloud, vocabulary, healers)))


def _services(cloud: Cloud, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    known = [action.api.partition(" ")[0] for action in CATALOGUE.values() if action.api]
    known = list(dict.fromkeys([*known, *(one.service for one in vocabulary.sources.values() if one.service)]))
    for name, version in (cloud.services or {}).items():
        if not _VERSION.fullmatch(version):
            message = f"`{version}` is no version of an API"
            yield error("SH440", message, at_word(cloud.span, name), 'write `"2.96"`, or `""` where it is not known')
        meant = likely(name, known)
        if name not in known and meant:
            message = f"nothing here uses a service `{name}`"
            yield warning("SH444", message, at_word(cloud.span, name), f"did you mean `{meant}`?")


def _sources(cloud: Cloud, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for key, way, what in _WAYS:
        known = [one.name for one in vocabulary.sources.values() if one.by == way]
        yield from _unknown(cloud, getattr(cloud, key), known, "SH441", what)


def _names(cloud: Cloud, vocabulary: Vocabulary, healers: Collection[str]) -> Iterator[Diagnostic]:
    yield from _unknown(cloud, cloud.posted, list(vocabulary.kinds), "SH442", "kind")
    yield from _unknown(cloud, cloud.healers, list(healers), "SH443", "healer")


def _unknown(cloud: Cloud, names: Iterable[str] | None, known: list[str], code: str, what: str) -> Iterator[Diagnostic]:
    for name in names or ():
        if name not in known:
            cure = did_you_mean(name, known) or "leave it out"
            yield error(code, f"no {what} is called `{name}`", at_word(cloud.span, name), cure)
