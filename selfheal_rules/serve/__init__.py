"""One process: sources, a healer and executors, wired by one file; `docs/serve.md` tells how it is run."""
