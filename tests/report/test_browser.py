"""The page in a real browser: its size, its safety, and whether everybody can use it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from selfheal_rules.check import load_rules
from selfheal_rules.compile import compile_rules
from selfheal_rules.report import History, mermaid, rule_graph
from selfheal_rules.report import page as written
from tests.report.conftest import Watched
from tests.report.looking import DARK, NODES, PHONE
from tests.report.rig import busy, hostile
from tests.report.test_graph import FILES
from tests.stacks_page import picture, stacks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def test_ten_thousand_decisions_are_no_more_work(opened: Watched, long: Path) -> None:
    """What exists is what is seen: at the start, filtered, searched and scrolled, elements stay few."""
    page = opened.go(long)
    assert len(busy().decisions) > 10_000
    count = "document.querySelectorAll('*').length"
    assert page.evaluate(count) < NODES
    page.fill("#by-text", "server-0")
    assert page.evaluate(count) < NODES
    page.fill("#by-text", "")
    page.evaluate("document.querySelector('.list').scrollTop = 1e5")
    page.evaluate("document.querySelector('.lanes').scrollTop = 1e4")
    page.wait_for_selector(".row[data-place='2640']", state="attached")
    assert page.evaluate(count) < NODES
    page.select_option("#order", "name")
    page.keyboard.press("+")
    assert page.evaluate(count) < NODES


def test_hostile_payloads_are_text(opened: Watched, tmp_path: Path) -> None:
    """What would be mark-up stands there to be read; nothing of it runs, and nothing is loaded."""
    (tmp_path / "hostile.html").write_text(hostile(), "utf-8")
    page = opened.go(tmp_path / "hostile.html")
    page.click(".row >> nth=0")
    assert "</script><img src=x onerror=alert(1)>\\u202e\\x00\\x1b[31m<!--" in page.inner_text("#drawer h2")
    assert 0 == page.locator("img").count()
    assert 2 == page.locator("script").count()


def test_what_is_not_the_pages_own_does_not_run(browser: "Browser", pages: Path, tmp_path: Path) -> None:
    """Even where mark-up gets into the file, the page's own policy keeps it from running and from loading."""
    text = (pages / "night.html").read_text("utf-8")
    evil = '<script>document.title = "taken"</script><img src="http://127.0.0.1:9/x.png">'
    (tmp_path / "evil.html").write_text(text.replace("</main>", f"</main>{evil}"), "utf-8")
    context = browser.new_context()
    watched, failed = Watched(context), []
    watched.page.on("requestfailed", lambda asked: failed.append((asked.url, asked.failure)))
    page = watched.go(tmp_path / "evil.html")
    page.click(".row >> nth=0")
    assert "A short night" == page.title()
    assert 2 == sum("Content Security Policy" in said for said in watched.wrong)
    assert [("http://127.0.0.1:9/x.png", "csp")] == failed
    context.close()


@pytest.mark.parametrize("opened", [{}, DARK, PHONE], indirect=True, ids=["light", "dark", "phone"])
def test_everybody_can_use_it(opened: Watched, pages: Path, package: Callable[[str], Path]) -> None:
    """Axe finds nothing: names, roles, contrast; on the board, in a decision, among the rules, and on a rule's page."""
    axe = package("axe-core/axe.min.js").read_text("utf-8")
    page = opened.go(pages / "night.html")

    def found() -> list[str]:
        page.evaluate(f"{axe}; undefined")
        report = page.evaluate("axe.run({resultTypes: ['violations']})")
        return [f"{one['id']}: {node['html'][:90]}" for one in report["violations"] for node in one["nodes"]]

    assert [] == found()
    page.click(".row >> nth=0")
    assert [] == found()
    page.keyboard.press("Escape")
    page.click("nav >> text=Rules")
    assert [] == found()
    page.click("table.rules .link >> nth=1")
    assert [] == found()


def test_every_control_has_a_name(opened: Watched, pages: Path) -> None:
    """Each thing that can be reached says what it is, also where axe is not there to ask."""
    page = opened.go(pages / "night.html")
    page.click(".row >> nth=0")
    nameless = """[...document.querySelectorAll('button, input, select, a, summary')].filter(
        (one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)
    ).map((one) => one.outerHTML)"""
    assert [] == page.evaluate(nameless)


def _drawing(opened: Watched, folder: Path, package: Callable[[str], Path]) -> "Page":
    """Give a page that has the real package."""
    library = package("mermaid/dist/mermaid.min.js").as_uri()
    (folder / "m.html").write_text(
        f"<!doctype html><meta charset=utf-8><p id=period>x</p><script src='{library}'></script>", "utf-8"
    )
    return opened.go(folder / "m.html")


def test_mermaid_draws_the_stacks(opened: Watched, tmp_path: Path, package: Callable[[str], Path]) -> None:
    """The picture of each reference stack is one, with all of its nodes."""
    page = _drawing(opened, tmp_path, package)
    for stack in stacks():
        count = "async (text) => (await mermaid.render('stack', text)).svg.match(/class=\"node /g).length"
        expected = len({name for line in picture(stack).splitlines()[1:] for name in re.findall(r"(\w+)[\[(]", line)})
        assert expected == page.evaluate(count, picture(stack)), stack.name


def test_mermaid_draws_the_graph(opened: Watched, tmp_path: Path, package: Callable[[str], Path]) -> None:
    """The real package takes what is written, and shows each text as it is, whatever it holds."""
    graph = rule_graph(compile_rules(*map(load_rules, FILES)).rulesets)
    page = _drawing(opened, tmp_path, package)
    draw = "async (text) => { document.body.innerHTML += (await mermaid.render('picture', text)).svg; }"
    page.evaluate(draw, mermaid(graph))
    shown = page.evaluate("[...document.querySelectorAll('#picture .node')].map((node) => node.textContent.trim())")
    expected = ["".join(node.lines) or node.name for node in graph.nodes]
    assert sorted(expected) == sorted(shown)


def test_an_empty_page_says_so(opened: Watched, tmp_path: Path) -> None:
    """Where nothing was seen, nothing goes wrong either."""
    (tmp_path / "empty.html").write_text(written(History(lambda _: None), "Nothing"), "utf-8")
    page = opened.go(tmp_path / "empty.html")
    assert "nothing was seen; 0 inputs" == page.inner_text("#period")
    assert "Nothing waits for a person." in page.inner_text(".card.calm")
    page.keyboard.press("+")
    page.click("nav >> text=Rules")
    assert "0 rules" in page.inner_text("main")
