"""What tests cover of rules, line by line, as a page lays it over their text."""

import json

from selfheal_rules.report.rows import Row
from selfheal_rules.wording import clean

STATES = ("covered", "partly", "missed")


def read_coverage(text: str) -> Row:
    """
    Read `{"files": {FILE: {LINE: {"state": "covered" | "partly" | "missed", "text": …}}}}`.

    A file has the name its rules were read under; `text` says what is missing, and may be left out.

    Raises:
        ValueError: where the text is anything else, with what is wrong first.
    """
    found = json.loads(text)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict):
        message = "it has no `files`"
        raise ValueError(message)  # noqa: TRY004 - one exception for every misfit
    return {"files": {clean(name): _lines(name, lines) for name, lines in files.items()}}


def _lines(name: str, lines: object) -> Row:
    if not isinstance(lines, dict):
        message = f"what it says of `{name}` is no object of lines"
        raise ValueError(message)  # noqa: TRY004 - one exception for every misfit
    return {number: _line(f"line {number} of `{name}`", number, said) for number, said in lines.items()}


def _line(place: str, number: str, said: object) -> Row:
    if not (number.isdecimal() and isinstance(said, dict) and said.get("state") in STATES):
        message = f"{place} is none of {', '.join(f'`{state}`' for state in STATES)}"
        raise ValueError(message)
    return {"state": said["state"], "text": clean(str(said.get("text", "")))}
