"""Every numbered sentence of the language at its edges, asked of both engines."""
