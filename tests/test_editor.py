"""
What an author sees while typing, asked of yaml-language-server itself over its own protocol.

The server comes from npm: `npm install --prefix tests/editor --no-package-lock`. Where it is not there, these tests are
skipped.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any, TypeAlias

import pytest
from attrs import define, field

from tests.calls import ROOT

HERE = Path(__file__).parent / "editor" / "node_modules" / ".bin" / "yaml-language-server"
SERVER = str(HERE) if HERE.exists() else shutil.which("yaml-language-server")
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(not (SERVER and NODE), reason="yaml-language-server is not installed")

Json: TypeAlias = Any

RULES = """\
# yaml-language-server: $schema={schema}
selfheal: 1
ruleset: compute
vocabulary: [openstack]
rules:
  - id: tell
    when:
      state: alarm
      where:
        severity: {{at_least: critical}}
        «fields»
      «pattern»
    then:
      - do: notify
        «step»
    «rule»
"""


@define(eq=False)
class Editor:
    """A client of the server, as small as an editor may be."""

    process: "subprocess.Popen[bytes]"
    number: int = 0
    diagnostics: dict[str, list[Json]] = field(factory=dict)

    def notify(self, method: str, params: Json) -> None:
        """Tell the server something."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Json) -> Json:
        """Ask the server something, and give its answer; what it says meanwhile is kept."""
        self.number += 1
        self._write({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        while True:
            said = self.read()
            if said.get("id") == self.number and "method" not in said:
                assert "error" not in said, said
                return said["result"]

    def read(self) -> Json:
        """Give the next message; a question of the server is answered with nothing."""
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            assert line or self.process.poll() is None, "the server has ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        said = json.loads(self.process.stdout.read(length))
        if said.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[said["params"]["uri"]] = said["params"]["diagnostics"]
        elif "method" in said and "id" in said:
            self._write({"jsonrpc": "2.0", "id": said["id"], "result": None})
        return said

    def _write(self, message: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def open(self, file: Path, text: str) -> str:
        """Open a document, and give its URI."""
        file.write_text(text, "utf-8")
        item = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return file.as_uri()


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """Start the server, and end it."""
    assert SERVER is not None
    with subprocess.Popen(
        [SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        watchdog = Timer(100, process.kill)  # a server that says nothing ends, and the test with it
        watchdog.start()
        editor = Editor(process)
        formats = {"contentFormat": ["markdown"], "documentationFormat": ["markdown"]}
        asked = {"hover": formats, "completion": {"completionItem": {**formats, "snippetSupport": True}}}
        editor.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {"textDocument": asked}})
        editor.notify("initialized", {})
        yaml = {"schemaStore": {"enable": False}, "hover": True, "completion": True, "validate": True}
        editor.notify("workspace/didChangeConfiguration", {"settings": {"yaml": yaml}})
        yield editor
        editor.ask("shutdown", None)
        editor.notify("exit", None)
        process.wait(10)
        watchdog.cancel()


def _at(text: str, mark: str) -> tuple[str, Json]:
    """Take a mark out of a text, and the lines with other marks, and give the text with the place where it stood."""
    kept = "\n".join(line for line in text.splitlines() if "«" not in line or mark in line) + "\n"
    before = kept[: kept.index(mark)]
    place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
    return kept.replace(mark, ""), place


def _text() -> str:
    return RULES.format(schema=(ROOT / "selfheal_rules" / "schemas" / "rules.json").as_uri())


def _completed(editor: Editor, folder: Path, mark: str) -> dict[str, Json]:
    text, place = _at(_text(), mark)
    uri = editor.open(folder / f"{mark.strip('«»')}.yaml", text)
    found = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
    return {item["label"]: item for item in found["items"]}


@pytest.mark.parametrize(
    ("mark", "offered"),
    [
        ("«rule»", {"doc", "key", "priority", "guard", "outcome"}),
        ("«pattern»", {"for", "count", "unless", "within"}),
        ("«step»", {"target", "with", "confirm", "timeout", "retry"}),
        ("«fields»", {"resource_type", "host", "name"}),
    ],
    ids=["keys of a rule", "keys of a pattern", "keys of a step", "fields of the kind"],
)
def test_what_may_stand_there_is_offered(editor: Editor, tmp_path: Path, mark: str, offered: set[str]) -> None:
    """The keys a form takes and does not have yet, and under `where` the fields of the kind that is written."""
    assert offered <= set(_completed(editor, tmp_path, mark))


def test_what_is_offered_is_told_of(editor: Editor, tmp_path: Path) -> None:
    """Each key comes with its sentence."""
    found = _completed(editor, tmp_path, "«step»")["confirm"]
    assert "What shows that it worked" in json.dumps(found.get("documentation", ""))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("vocabulary:", "The vocabularies its words come from"),
        ("severity:", "Ordered of info, warning, minor, major, critical"),
        ("at_least:", "This or more"),
        ("do:", "The action."),
    ],
)
def test_a_key_under_the_pointer_is_told_of(editor: Editor, tmp_path: Path, word: str, told: str) -> None:
    """What it means, and an example."""
    text = "\n".join(line for line in _text().splitlines() if "«" not in line) + "\n"
    number, line = next((at, line) for at, line in enumerate(text.splitlines()) if word in line)
    uri = editor.open(tmp_path / f"{word.strip(':')}.yaml", text)
    place = {"line": number, "character": line.index(word) + 1}
    found = editor.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})
    assert told in json.dumps(found, ensure_ascii=False).replace("\\\\", "")


def test_the_shipped_rules_are_right_where_they_lie(editor: Editor) -> None:
    """Opened as they are, their first line leads to the schema: a hover has its text, and nothing is underlined."""
    file = ROOT / "rulesets" / "compute-host-failure" / "rules.yaml"
    text = file.read_text("utf-8")
    item = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
    editor.notify("textDocument/didOpen", {"textDocument": item})
    number = next(at for at, line in enumerate(text.splitlines()) if line.startswith("ruleset:"))
    place = {"line": number, "character": 2}
    found = editor.ask("textDocument/hover", {"textDocument": {"uri": file.as_uri()}, "position": place})
    assert "ids of decisions are made of it" in json.dumps(found)
    while file.as_uri() not in editor.diagnostics:
        editor.read()
    assert [] == editor.diagnostics[file.as_uri()]


def test_a_wrong_key_is_underlined(editor: Editor, tmp_path: Path) -> None:
    """The schema is not merely there: what it does not take is marked."""
    text = "\n".join(line for line in _text().splitlines() if "«" not in line).replace("where:", "wehre:") + "\n"
    uri = editor.open(tmp_path / "wrong.yaml", text)
    while not editor.diagnostics.get(uri):
        editor.read()
    assert any("wehre" in one["message"] for one in editor.diagnostics[uri])
