"""The sorts of files there are: what each is called, and what takes it."""

from collections.abc import Iterable, Mapping

from attrs import frozen


@frozen
class Sort:
    """What a file that begins with a word is, and the command for it."""

    what: str
    use: str


SORTS: Mapping[str, Sort] = {
    "selfheal": Sort("a rule set", "`selfheal check FILE` checks it"),
    "selfheal_test": Sort("a file of tests", "`selfheal test FILE` checks and runs it"),
    "selfheal_policy": Sort("a policy", "`selfheal check RULES --policy FILE` checks it"),
    "selfheal_vocabulary": Sort(
        "a vocabulary", "name it under `vocabulary` of a rule set, and `selfheal check RULES` checks both"
    ),
    "selfheal_mapping": Sort("a mapping", "`selfheal check FILE` checks it, and `--mapping FILE` has it used"),
    "selfheal_cloud": Sort("a description of a cloud", "`selfheal gaps RULES --cloud FILE` takes it"),
    "selfheal_serve": Sort("a configuration", "`selfheal serve FILE --check` checks it"),
}
"""By the word each begins with."""

BEGINNINGS = ", ".join(f"`{word}: 1` for {sort.what}" for word, sort in SORTS.items())
"""How each begins, for who has an empty file."""


def sort_of(words: Iterable[str]) -> str:
    """Give the word that says of which sort a file is; an empty text where none, or more than one, is there."""
    found = [word for word in words if word in SORTS]
    return found[0] if len(found) == 1 else ""
