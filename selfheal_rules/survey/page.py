"""One HTML page of what was found: it holds all it shows, runs nothing, and looks as the report does."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files

from selfheal_rules.survey.sections import Section
from selfheal_rules.wording import clean

_OWN = """
main.survey { display: grid; gap: 20px; }
.survey h2 { font-size: 16px; margin-bottom: 4px; }
.survey .card { overflow-x: auto; }
.survey table { border-collapse: collapse; width: 100%; }
.survey th, .survey td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; }
.survey td { border-top: 1px solid var(--line); }
.survey th { color: var(--dim); font-weight: 600; }
.survey details { color: var(--dim); }
"""
_CODE = re.compile(r"`([^`]+)`")


def survey_page(title: str, lead: str, sections: Iterable[Section]) -> str:
    """Give the page; the same sections give the same bytes."""
    style = (files("selfheal_rules.report") / "page" / "page.css").read_text("utf-8") + _OWN
    policy = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    body = "\n".join(map(_section, sections))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{_plain(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{_plain(title)}</h1><p id="period">{_marked(lead)}</p></header>
<main class="survey">
{body}
</main>
</body>
</html>
"""


def _section(section: Section) -> str:
    head = "".join(f'<th scope="col">{_plain(name)}</th>' for name in section.head)
    more = section.more or ((),) * len(section.rows)
    rows = "\n".join(_row(cells, lines) for cells, lines in zip(section.rows, more, strict=True))
    note = f'<p class="small">{_marked(section.note)}</p>' if section.note else ""
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<section class="card"><h2>{_plain(section.title)}</h2>{note}\n{table}\n</section>'


def _row(cells: Iterable[str], lines: Iterable[str]) -> str:
    shown = "".join(f"<td>{_marked(cell)}</td>" for cell in cells)
    text = "\n".join(lines)
    if not text:
        return f"<tr>{shown}</tr>"
    behind = f"<details><summary>shown by</summary><code>{_plain(text)}</code></details>"
    return f"<tr>{shown.removesuffix('</td>')}{behind}</td></tr>"


def _plain(text: str) -> str:
    return escape("\n".join(map(clean, text.splitlines())))


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _plain(text))
