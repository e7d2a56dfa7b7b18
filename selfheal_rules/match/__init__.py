"""Items become rows, rows become matches: memories, joins, counts, negatives, supports and timers."""
