"""Gaps and overlaps: what is said to be one is one, and what is shown makes it happen."""
