"""The schema of the configuration of `selfheal serve`."""

from selfheal_rules.parse.serving import (
    ACTING,
    ACTORS,
    BUS,
    HTTP,
    LEASE,
    PLUGIN,
    POLL,
    SERVING,
    SOURCE_WORDS,
    TAIL,
    TELL,
    TLS,
)
from selfheal_rules.schema.forms import Schema, closed, offered, ref, several, table, told
from selfheal_rules.schema.values import BOOLEAN, INTEGER, NAMED, TEXT, VALUES, matching
from selfheal_rules.serving import POLLS
from selfheal_rules.vocabulary import WRITTEN_DURATION

_LENGTH: Schema = {**matching(WRITTEN_DURATION.pattern), "examples": ["30s", "10m"]}
_FILE = TEXT
_COMMAND = several(TEXT, least=1)


def serving() -> Schema:
    """Give the schema of a configuration."""
    return {
        "title": "A configuration of selfheal serve",
        **closed(
            SERVING,
            {
                "selfheal_serve": told("The version of the language.", {"const": 1}),
                "rules": told("Files of rules, or folders with them.", several(_FILE, least=1)),
                "journal": told("The file of the journal, or the URL of its database.", TEXT),
                "params": told("Parameters of the rule sets.", table({"type": ["string", "number", "boolean"]})),
                "policy": told("The policy of the site.", _FILE),
                "mappings": told("Mappings for payloads of sources of your own.", several(_FILE)),
                "max_age": told("How late an event may come and still count.", _LENGTH),
                "max_ahead": told("How far ahead a clock may be and still be believed.", _LENGTH),
                "queue": told("How many requests may wait for the journal.", INTEGER),
                "lease": told("The coordinator that says which of several processes may act.", _lease()),
                "http": told("The webhook, health and metrics.", ref("http")),
                "sources": told("What else is listened to.", several(ref("source"))),
                "executors": told("Who carries out what is allowed; without it nobody.", ref("executors")),
            },
        ),
        "definitions": {
            "http": _http(),
            "source": {"oneOf": [_tail(), _bus(), _poll(), _plugin()]},
            "executors": _executors(),
            **VALUES,
        },
    }


def _lease() -> Schema:
    shapes = {
        "url": told("The file with the URL of the coordinator.", _FILE),
        "name": told("What all say that are to exclude one another, and no others.", TEXT),
    }
    return closed(LEASE, shapes)


def _http() -> Schema:
    tls = {
        "certificate": told("The file of the certificate.", _FILE),
        "key": told("The file of its key.", _FILE),
        "clients": told("The authority whose certificates senders need.", _FILE),
    }
    return closed(
        HTTP,
        {
            "listen": told("Where to listen.", {**TEXT, "examples": ["127.0.0.1:8642"]}),
            "tokens": told("The file with the tokens of senders.", _FILE),
            "tls": told("What the server shows, and whom it lets in.", closed(TLS, tls)),
            "max_body": told("How many bytes a request may have.", INTEGER),
            "rate": told("How many requests a second a sender may make.", INTEGER),
            "zaqar": told("The Zaqar whose subscriptions are confirmed.", TEXT),
        },
    )


def _tail() -> Schema:
    shapes = {
        SOURCE_WORDS[0]: told("A file that grows, or - for standard input.", _FILE),
        "position": told("Where it is kept up to where the file was read.", _FILE),
    }
    return closed(TAIL, shapes)


def _bus() -> Schema:
    shapes = {
        "listen": told("The file with the URL of the bus.", _FILE),
        "pool": told("The pool all listeners of this site share.", NAMED),
        "topics": told("The topics of notifications.", several(TEXT, least=1)),
        "exchanges": told("The exchanges services put them in, such as `nova`.", several(TEXT)),
    }
    return closed(BUS, shapes)


def _poll() -> Schema:
    shapes = {
        "poll": told("What is asked for.", several(offered(POLLS, TEXT), least=1)),
        "cloud": told("The cloud, by its name in clouds.yaml.", TEXT),
        "every": told("The time between two sweeps.", _LENGTH),
        "jitter": told("By how much that time differs.", _LENGTH),
        "stale": told("After how long without an answer what it said is old.", _LENGTH),
        "rate": told("How many sweeps a minute the cloud takes.", INTEGER),
    }
    return closed(POLL, shapes)


def _plugin() -> Schema:
    shapes = {
        "plugin": told("A source that an installed package brings, by the name of its entry point.", TEXT),
        "with": told("What it is given.", table({"type": ["string", "number", "boolean"]})),
    }
    return closed(PLUGIN, shapes)


def _executors() -> Schema:
    tell = {
        "notify": told("The file with the address people are told by.", _FILE),
        "page": told("The file with the address whoever is on call is woken by.", _FILE),
    }
    shapes = {
        "record": told("The file decisions are written to, for whoever carries them out.", _FILE),
        "cloud": told("The cloud they are carried out on.", TEXT),
        "plugins": told("Executors that installed packages bring, by the names of their entry points.", several(TEXT)),
        "tell": told("How people are told.", closed(TELL, tell)),
        "endpoints": told("Where decisions are posted to: the file with the address, by its name.", table(_FILE)),
        "commands": told("What may be run: the program and its first arguments, by its name.", table(_COMMAND)),
        "dry": told("Whether the cloud is only asked, and nothing done.", BOOLEAN),
        "workers": told("How many decisions are carried out at a time.", INTEGER),
    }
    return {**closed(ACTING, shapes), "oneOf": [_needs(*ACTORS[:1]), _needs(*ACTORS[1:])]}


def _needs(*names: str) -> Schema:
    """Need one of some keys, or more of them."""
    return {"anyOf": [{"required": [name]} for name in names]}
