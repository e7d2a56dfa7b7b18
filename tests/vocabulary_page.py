"""Write `docs/vocabulary.md` from the shipped vocabulary: `python -m tests.vocabulary_page`."""

from pathlib import Path

from selfheal_rules.parse import load_vocabulary
from selfheal_rules.vocabulary import Field, Kind, Vocabulary

PAGE = Path(__file__).parents[1] / "docs" / "vocabulary.md"

HEAD = """\
# The vocabulary `openstack`

What rules may say about a cloud. This page is written from `selfheal_rules/vocabularies/openstack.yaml`
(`python -m tests.vocabulary_page`); a test fails where the two differ. Every item also has `source` and `time`, an
event `id`, too.

How raw payloads become these kinds:

- **One status.** `problem` while something is wrong, `unknown` where nobody can see, `ok` only on a clearing: Aodh's
  `alarm`, `insufficient data` and `ok`; Alertmanager's `firing` and `resolved`; Monasca's ALARM, UNDETERMINED and OK;
  Zabbix' 1 and 0; an UNREACHABLE host of Nagios' is `unknown`; what Vitrage activates and deactivates.
- **One severity**, `info` < `warning` < `minor` < `major` < `critical`. Aodh: low is warning, moderate is major.
  Monasca: LOW to CRITICAL are warning, minor, major, critical. Zabbix: 1 to 5 are the five in their order. Nagios,
  collectd and Kapacitor: WARNING is warning; CRITICAL, DOWN and FAILURE are critical. Vitrage: SEVERE is major. Of
  Prometheus sites' words `page`, `fatal`, `emergency`, `disaster` are critical, `high`, `severe` and `error` major,
  `average`, `medium`, `moderate` minor, `warn` warning, `notice`, `low`, `none` info; any other word leaves the
  severity missing, and stays among the labels.
- **An alarm is a state**, an alarm over an event is an event (`alarm.event`): Aodh never takes that one back.
- **One event in two formats is one event.** Nova may send a notification both versioned and unversioned; they have one
  `id`, so the engine sees the second as a duplicate. Its limits: an action that one request does twice on one host
  counts once; without a request id in its context the two are told by their message ids, and count twice; notifications
  without a kind of their own (aggregates, the scheduler's) are told by their message ids, too.
- **States come before the event** of the same payload, so that a rule over both finds them; what a payload clears goes
  after its event.
- **Names differ between services.** Where one calls a host by a uuid, an address or a back end, an `alias` says which
  host that is.
- **The envelope stays outside.** No token, catalog or other `_context_*` reaches an item; of a payload without a kind
  what may be a secret is left out.
- **Nothing is lost.** Any other notification becomes an `openstack.notification`, any other message of a queue a
  `queue.message`.

*Given by* names the sources of a kind, as `selfheal gaps` has them; a CloudEvent may bring any.
[sources.md](sources.md)
goes through the sources one by one.
"""


def page(vocabulary: Vocabulary) -> str:
    """Give the page: each kind with its line, its key and a table of its fields."""
    own = [kind for kind in vocabulary.kinds.values() if not kind.name.startswith("selfheal.")]
    sections = [
        f"## {title}\n\n{intro}\n\n" + "\n".join(_kind(kind) for kind in own if kind.form == form)
        for form, title, intro in (
            (
                "state",
                "States",
                "What holds from one time to another. The key tells one state from the next of its kind.",
            ),
            ("event", "Events", "What happened at one time."),
        )
    ]
    return "\n".join([HEAD, *sections])


def _kind(kind: Kind) -> str:
    key = "Key: " + ", ".join(f"`{name}`" for name in kind.key) + ".\n\n" if kind.key else ""
    rows = "\n".join(_row(declared) for declared in kind.fields.values())
    head = "| Field | Type | Always | What it says | From |\n|---|---|---|---|---|"
    given = "Given by: " + ", ".join(f"`{name}`" for name in kind.sources) + ".\n\n" if kind.sources else ""
    return f"### `{kind.name}`\n\n{kind.doc}\n\n{given}{key}{head}\n{rows}\n"


def _row(declared: Field) -> str:
    always = "yes" if declared.required else ""
    return f"| `{declared.name}` | {declared.type} | {always} | {declared.doc} | {declared.origin} |"


if __name__ == "__main__":
    PAGE.write_text(page(load_vocabulary("openstack")), encoding="utf-8")
