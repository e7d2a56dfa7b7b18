"""Words of a file of tests that are one of a few."""

from typing import TypeVar

from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields
from selfheal_rules.parse.findings import did_you_mean

Word = TypeVar("Word", bound=str)


def word(fields: Fields, name: str, known: tuple[Word, ...], default: Word | None = None) -> Word | None:
    """Give one of the words that may stand under a key; the default where it is missing or none of them."""
    found, node = fields.read(name, literals.text), fields.node_of(name)
    if found is None or node is None:
        return default
    if found not in known:
        fields.findings.refuse("SH418", f"`{name}` is not `{found}`", node, did_you_mean(found, known))
    return next((one for one in known if one == found), default)


def words(fields: Fields, name: str, known: tuple[Word, ...]) -> tuple[Word, ...]:
    """Give the known words of a list, each once."""
    found: dict[Word, None] = {}
    for node in fields.items(name):
        said = literals.text(node, name, fields.findings)
        if said is not None and said not in known:
            fields.findings.refuse("SH418", f"`{name}` has no `{said}`", node, did_you_mean(said, known))
        found.update({one: None for one in known if one == said})
    return tuple(found)
