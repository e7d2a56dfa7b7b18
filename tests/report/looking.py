"""How the page is looked at: on which screens, and what it shows."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

NODES = 4_000
"""As many elements as a page may have, however long the night was."""
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
DARK = {"color_scheme": "dark"}


def total(page: "Page") -> int:
    """Give how many decisions the page says it shows."""
    return int(page.inner_text("#total").split()[0].replace(",", ""))


def words(page: "Page", selector: str) -> str:
    """Give what an element shows, its lines as one."""
    return re.sub(r"\s+", " ", page.inner_text(selector))
