"""`python -m selfheal_rules` is `selfheal`."""

from selfheal_rules.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
