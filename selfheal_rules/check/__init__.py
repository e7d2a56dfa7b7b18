"""Hold a parsed rule set against its vocabulary and against itself: every finding, never an exception."""
