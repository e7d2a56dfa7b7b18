"""The journal, the healer over it, and what both must survive."""
