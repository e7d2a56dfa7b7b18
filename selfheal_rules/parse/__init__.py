"""From YAML text to the model: rule sets, vocabularies, expressions; every finding at once, each with its place."""

from selfheal_rules.parse.expression import parse_expression
from selfheal_rules.parse.mapping import parse_mapping
from selfheal_rules.parse.ruleset import parse_rules
from selfheal_rules.parse.vocabulary import load_vocabulary, parse_vocabulary

__all__ = ["load_vocabulary", "parse_expression", "parse_mapping", "parse_rules", "parse_vocabulary"]
