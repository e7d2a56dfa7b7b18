"""The page in a real browser: what people see, press and type, on a desk, at night and on a phone."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from selfheal_rules.values import microseconds
from tests.report.conftest import Watched
from tests.report.looking import DARK, PHONE, total, words
from tests.report.rig import MISSED, START, busy, night

# What is seen first


def test_the_head_says_what_matters(opened: Watched, pages: Path) -> None:
    """What needs a look, what is stopped, how much was healed, and what held things back."""
    page = opened.go(pages / "night.html")
    assert "Paused: action:compute.fence ann: the storage is being moved" in words(page, ".alarm")
    assert "Needs a look" in words(page, ".card.wants")
    assert re.search(r"Healed [\d.]+ % \d+ of \d+ that had to be healed", words(page, ".cards"))
    assert re.search(r"\d+ suppressed by cooldown on \d+ targets? last: the last time", words(page, ".wide-card"))


def test_a_decision_opens_down_to_what_was_posted(opened: Watched, pages: Path) -> None:
    """A press shows its verdict, its evidence to the raw event, the guards' words and its episode."""
    page = opened.go(pages / "night.html")
    page.select_option("#by-action", "compute.fence")
    page.select_option("#by-verdict", "allowed")
    page.click(".row >> nth=0")
    tree = words(page, "#drawer .tree >> nth=0")
    assert re.search(r"dead: state host.dead .* concluded by host-is-dead .* rests on 1 item alarm: state alarm", tree)
    assert "from monitor" in tree
    drawer = words(page, "#drawer")
    assert "What the guards said of this step" in drawer
    assert re.search(r"Its episode \S+: opened .* episode open", drawer)
    assert re.search(r"outcome (done|failed)", drawer)


def test_a_decision_has_an_address(opened: Watched, pages: Path) -> None:
    """A link leads back to what was asked for and opened."""
    page = opened.go(pages / "night.html")
    page.select_option("#by-verdict", "suppressed")
    page.click(".row >> nth=1")
    shown, many = words(page, "#drawer"), total(page)
    address = page.url.partition("#")[2]
    opened.go(pages / "night.html")
    opened.go(pages / "night.html", f"#{address}")
    assert (shown, many) == (words(page, "#drawer"), total(page))


# Asking


def test_each_filter_narrows(opened: Watched, pages: Path) -> None:
    """To the decisions that have what is asked for, and clearing brings all back."""
    page = opened.go(pages / "night.html")
    every = len(night().decisions)
    assert every == total(page)
    for facet, value, expected in (
        ("rule", "busy-site / heal-dead-host", lambda row: row["rule"] == 1),
        ("action", "notify", lambda row: row["action"] == "notify"),
        ("verdict", "rejected", lambda row: row["verdict"] == "rejected"),
        ("guard", "cooldown", lambda row: row["guard"] == "cooldown"),
        ("state", "escalated", lambda row: night().state_of(row) == "escalated"),
        ("outcome", "failed", lambda row: (row.get("outcomes") or [{}])[-1].get("status") == "failed"),
    ):  # fmt: skip
        page.select_option(f"#by-{facet}", value)
        assert sum(map(expected, night().decisions)) == total(page)
        page.click("#clear")
        assert every == total(page)
    page.fill("#by-target", "compute-1")
    assert sum("compute-1" in row.get("target", "") for row in night().decisions) == total(page)


def test_a_span_of_time_narrows(opened: Watched, pages: Path) -> None:
    """By its fields, by dragging over the overview, and by zooming."""
    page = opened.go(pages / "night.html")
    page.fill("#by-from", "2026-03-14T01:10:00")
    page.dispatch_event("#by-from", "change")
    page.fill("#by-to", "2026-03-14T01:20:00")
    page.dispatch_event("#by-to", "change")
    first, last = (microseconds(START + timedelta(minutes=at)) for at in (10, 20))
    assert sum(first <= row["time"] <= last for row in night().decisions) == total(page)
    page.click(".buttons >> text=All")
    assert len(night().decisions) == total(page)
    box = page.locator(".overview").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    page.mouse.up()
    narrow = total(page)
    assert 0 < narrow < len(night().decisions) / 2
    page.click('[aria-label="Zoom in (+)"]')
    assert total(page) < narrow


def test_search_finds_words_of_evidence(opened: Watched, pages: Path) -> None:
    """Whatever is said of a decision or of what it rests on, in any case; several words all have to be there."""
    page = opened.go(pages / "night.html")
    every = total(page)
    page.fill("#by-text", "hostdown AZ1")
    some = total(page)
    assert 0 < some < every
    page.fill("#by-text", "nothing says this")
    assert 0 == total(page)
    page.press("#by-text", "Escape")
    assert every == total(page)


def test_the_latest_may_come_first(opened: Watched, pages: Path) -> None:
    """The list is turned around by a press, and back by another."""
    page = opened.go(pages / "night.html")
    number = "Number(document.querySelector('.row').dataset.decision)"
    assert 0 == page.evaluate(number)
    page.click("button:has-text('Latest first')")
    assert len(night().decisions) - 1 == page.evaluate(number)
    page.click("button:has-text('Latest first')")
    assert 0 == page.evaluate(number)


def test_the_head_leads_to_the_decisions(opened: Watched, pages: Path) -> None:
    """A count that is pressed shows just those."""
    page = opened.go(pages / "night.html")
    page.click(".card:has-text('by verdict') .count:has-text('rejected')")
    assert sum(row["verdict"] == "rejected" for row in night().decisions) == total(page)
    page.click(".wide-card .count >> nth=0")
    held = Counter((row["guard"], row["verdict"]) for row in night().decisions if row["guard"] != "mode")
    assert max(held.values()) == total(page)


def test_a_mark_of_many_looks_closer(opened: Watched, long: Path) -> None:
    """Pressed, the timeline zooms in on it; a mark of one opens its decision."""
    page = opened.go(long)
    page.click(".mark.many >> nth=0")
    assert 0 < total(page) < len(busy().decisions)
    page.click(".buttons >> text=All")
    page.click(".mark:not(.many) >> nth=0")
    assert page.is_visible("#drawer")


# Keys


def test_all_of_it_works_by_keys(opened: Watched, pages: Path) -> None:
    """Search, rows, opening, going on, closing, the timeline, zooming and the list of keys: without a mouse."""
    page = opened.go(pages / "night.html")
    every = total(page)
    page.keyboard.press("/")
    page.keyboard.type("compute")
    assert 0 < total(page) <= every
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.focus(".row[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert "2" == page.evaluate("document.activeElement.dataset.place")
    page.keyboard.press("Enter")
    assert page.is_visible("#drawer")
    first = words(page, "#drawer")
    page.keyboard.press("j")
    assert first != words(page, "#drawer")
    page.keyboard.press("k")
    assert first == words(page, "#drawer")
    page.keyboard.press("Escape")
    assert not page.is_visible("#drawer")
    assert "2" == page.evaluate("document.activeElement.dataset.place")


def test_the_timeline_works_by_keys(opened: Watched, pages: Path) -> None:
    """The arrows go through marks and lanes, Enter opens; plus and minus zoom, 0 shows all."""
    page = opened.go(pages / "night.html")
    every = total(page)
    page.focus(".lanes [tabindex='0']")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.place").startswith("1 ")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('.lanes') !== null")
    page.keyboard.press("+")
    assert total(page) < every
    page.keyboard.press("0")
    assert every == total(page)
    page.keyboard.press("?")
    assert page.is_visible("dialog")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")


def test_rows_out_of_sight_are_reached(opened: Watched, long: Path) -> None:
    """End goes to the last of ten thousand, Home back."""
    page = opened.go(long)
    page.focus(".row[tabindex='0']")
    page.keyboard.press("End")
    assert str(len(busy().decisions) - 1) == page.evaluate("document.activeElement.dataset.place")
    page.keyboard.press("Home")
    assert "0" == page.evaluate("document.activeElement.dataset.place")


# Rules


def test_a_rule_has_its_page(opened: Watched, pages: Path) -> None:
    """Its text with line numbers and what tests cover, what it is for, its guards and how often they held."""
    page = opened.go(pages / "night.html")
    page.click("nav >> text=Rules")
    assert "never fired" in words(page, "table.rules tr:has-text('never-seen')")
    page.click("table.rules >> text=heal-dead-host")
    assert "Fenced first" in page.inner_text(".doc")
    line = page.locator(".code li.missed")
    assert (str(MISSED), True) == (line.get_attribute("value"), "never false" in line.inner_text())
    guards = words(page, "[aria-label=Guards]")
    assert re.search(r"limit limit 6 per 10m by \$dead.az \d+", guards)
    assert re.search(r"approval of the site or the engine \d+", guards)
    page.click(".rule-page .row >> nth=0")
    assert "heal-dead-host" in words(page, "#drawer")
    page.keyboard.press("Escape")
    page.go_back()
    assert page.is_visible("table.rules")


def test_a_rule_that_concludes_says_so(opened: Watched, pages: Path) -> None:
    """It decides nothing; it stands in the evidence of others, and is reached from there."""
    page = opened.go(pages / "night.html")
    page.select_option("#by-action", "compute.fence")
    page.click(".row >> nth=0")
    page.click("#drawer .branch button.link")
    assert "host-is-dead" in page.inner_text("h2")
    assert "It concludes" in page.inner_text("main")


# Night, phone, paper


@pytest.mark.parametrize("opened", [DARK], indirect=True)
def test_it_is_dark_where_that_is_preferred(opened: Watched, pages: Path) -> None:
    """And turns light when asked to."""
    page = opened.go(pages / "night.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert "rgb(18, 22, 28)" == page.evaluate(paper)
    page.click("#theme")
    assert "rgb(246, 247, 249)" == page.evaluate(paper)


def test_a_time_that_is_chosen_can_be_read(opened: Watched, pages: Path) -> None:
    """Date, hour and minute stand in the field, whole, beside its sign of a calendar."""
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    page = opened.go(pages / "night.html")
    page.fill("#by-from", "2026-03-14T01:20")
    needed = page.evaluate("""() => {
        const field = document.querySelector("#by-from"), pen = document.createElement("canvas").getContext("2d");
        pen.font = getComputedStyle(field).font;
        return pen.measureText("03/14/2026, 01:20 AM").width;
    }""")
    for name in ("#by-from", "#by-to"):
        box = page.locator(name).bounding_box()
        assert box
        assert box["width"] >= needed + 40, name


@pytest.mark.parametrize("opened", [PHONE], indirect=True)
def test_it_fits_a_phone(opened: Watched, pages: Path) -> None:
    """Three hundred and twenty pixels wide, nothing has to be moved sideways: the board, a decision, the rules."""
    page = opened.go(pages / "night.html")
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert 320 == page.evaluate(width)
    page.click("text=Filters")
    page.select_option("#by-verdict", "held")
    assert 320 == page.evaluate(width)
    page.click(".row >> nth=0")
    assert 320 >= page.evaluate("document.querySelector('#drawer').scrollWidth")
    page.click("[aria-label^=Close]")
    page.click("nav >> text=Rules")
    assert 320 == page.evaluate(width)
    page.click("table.rules .link >> nth=1")
    assert 320 == page.evaluate(width)


def test_it_prints(opened: Watched, pages: Path) -> None:
    """With all rows up to a thousand, not only those in sight, and without what is for pressing."""
    page = opened.go(pages / "night.html")
    many = total(page)
    assert page.locator(".row").count() < many
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert min(many, 1000) == page.locator(".row").count()
    assert not page.is_visible(".filters")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".row").count() < many
