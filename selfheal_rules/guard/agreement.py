"""What people were asked about one decision, and what they said."""


class Approval:
    """What people said of one decision."""

    __slots__ = ("asked", "expires", "is_alone", "of", "quorum", "refused", "used", "votes")

    def __init__(self, asked: int, expires: int, of: str, *, is_alone: bool) -> None:
        """Start with nobody asked; `of` tells what for, `is_alone` whether the id of the decision does so as well."""
        self.of = of
        self.is_alone = is_alone
        self.asked = asked
        self.expires = expires
        self.quorum = 1
        self.votes: dict[str, str] = {}
        self.refused: tuple[str, str] | None = None
        self.used = False

    def agree(self, who: str, why: str) -> None:
        """Note a vote; whoever is written with another space or letter case is no second person."""
        name = " ".join(who.split())
        same = (one for one in self.votes if one.casefold() == name.casefold())
        self.votes[next(same, name)] = why
