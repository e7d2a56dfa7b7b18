"""The oracle: the meaning of `docs/language.md` in the plainest words, slow and without a single index."""
