"""A real browser for what people see, and the packages that judge it; what is missing is skipped, and says so."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from selfheal_rules.report import History
from selfheal_rules.report import page as written
from tests.calls import ROOT, Call, caller
from tests.report.rig import MISSED, NIGHT, busy, healed, night

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PACKAGES = ROOT / ".ci" / "node_modules"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """
    Give Debian's Chromium, steered by Playwright (extra `browser`).

    Not for longer than a module: as long as Playwright steers, an event loop counts as running in this thread, and no
    other test could run one.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no Chromium here")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the page of a short night."""
    folder = tmp_path_factory.mktemp("pages")
    coverage: dict[str, Any] = {"files": {"rules.yaml": {str(MISSED): {"state": "missed", "text": "never false"}}}}
    (folder / "night.html").write_text(written(night(), "A short night", coverage=coverage), "utf-8")
    return folder


@pytest.fixture(scope="session")
def long(pages: Path) -> Path:
    """Give the page of a night with more than ten thousand decisions."""
    (pages / "busy.html").write_text(written(busy(), "A busy night"), "utf-8")
    return pages / "busy.html"


class Watched:
    """A page in a browser, and what it did that it should not: asked for something outside, or complained."""

    def __init__(self, context: "BrowserContext") -> None:
        """Listen from the start."""
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.wrong: list[str] = []
        self.page.on("console", lambda said: self.wrong.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", lambda asked: self.wrong.append(asked.url) if asked.url[:7] != "file://" else None)

    def go(self, file: Path, fragment: str = "") -> "Page":
        """Open a file, and wait until it has drawn itself."""
        self.page.goto(f"file://{file}{fragment}")
        self.page.wait_for_selector("#period:not(:empty)", state="attached")
        return self.page


@pytest.fixture
def opened(browser: "Browser", request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Give a page in a browser of its own kind (the parameter, if any); at the end nothing was wrong with it."""
    settings: dict[str, Any] = {"viewport": {"width": 1400, "height": 1000}} | getattr(request, "param", {})
    context = browser.new_context(**settings)
    watched = Watched(context)
    yield watched
    context.close()
    assert [] == watched.wrong


@pytest.fixture(scope="session")
def package() -> Any:  # noqa: ANN401 - a function
    """Give the path of a file of an npm package, skipping where it is not installed."""

    def path(name: str) -> Path:
        found = PACKAGES / name
        if not found.exists():
            pytest.skip(f"no {name.partition('/')[0]}: `npm install --prefix .ci` brings it")
        return found

    return path


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command from the root of the repository."""
    return caller(monkeypatch, capsys)


@pytest.fixture(name="night")
def short_night() -> History:
    """Give the history of a short night."""
    return night()


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the journal of the same night."""
    path = tmp_path_factory.mktemp("journal") / "heal.jsonl"
    healed(path, *NIGHT)
    return path
