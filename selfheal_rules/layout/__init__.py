"""Rule sets in their canonical layout: keys in one order, one style, every comment and all of the meaning kept."""

from selfheal_rules.layout.canonical import LayoutError, canonical

__all__ = ["LayoutError", "canonical"]
