"""How times, counts and values are written for people."""

from selfheal_rules.wording import number as number
from selfheal_rules.wording import shown as shown
from selfheal_rules.wording import stamp as stamp
