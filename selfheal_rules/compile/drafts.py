"""What is still being numbered: parts and exchanges shared between all rules of a program, with functions by name."""

from attrs import define, field

from selfheal_rules.compile.codegen import Code, access, keyed
from selfheal_rules.compile.plan import Counted, Look, Seed, Taker, Watch
from selfheal_rules.vocabulary import ANY, Kind

Paths = tuple[tuple[str, ...], ...]


@define(eq=False, repr=False)
class SeedDraft:
    """
    A seed, with the first lookup it makes: the exchange, the key and the partner part (-1: none).

    `lines` are those of its function: they put into `out` what a row of `alias` completes.
    """

    seed: Seed
    alias: str = ""
    lines: tuple[str, ...] = ()
    exchange: int = -1
    key: str = ""
    partner: int = -1


@define(eq=False, repr=False)
class PartDraft:
    """A part while rules still add to it."""

    number: int
    form: str
    kinds: tuple[Kind, ...]
    negative: bool
    held: int
    keep: int = 0
    late: bool = False
    scanned: bool = False
    eager: bool = False
    indexes: dict[int, str] = field(factory=dict)
    ages: tuple[tuple[tuple[str, ...], int, bool], ...] = ()
    seeds: list[SeedDraft] = field(factory=list)
    watches: list[Watch] = field(factory=list)
    counts: list[int] = field(factory=list)
    counted: Counted | None = None
    heeded: bool = False
    """Whether something besides a step reads the number that is counted."""
    taker: Taker | None = None
    era: int = 0


class Register:
    """All parts and exchanges of a program, each once."""

    def __init__(self, code: Code) -> None:
        """Start empty, writing into this module."""
        self.code = code
        self.era = 0
        self.asked: list[int] = []
        """The parts rules have asked for, one entry each time."""
        self.parts: list[PartDraft] = []
        self.looked: list[Look] = []
        """Every lookup that was written, in order: whoever writes one takes what has come since."""
        self._known: dict[object, PartDraft] = {}
        self._exchanges: dict[Paths, int] = {}

    @property
    def exchanges(self) -> int:
        """How many exchanges there are."""
        return len(self._exchanges)

    @property
    def paths(self) -> tuple[Paths, ...]:
        """By exchange, the paths at which its rows have their keys."""
        return tuple(self._exchanges)

    def part(
        self, signature: object, form: str, kinds: tuple[Kind, ...], *, negative: bool = False, held: int = 0
    ) -> tuple[PartDraft, bool]:
        """Give the part of this signature, and whether it is new; rules of different eras share none."""
        known = self._known.get((self.era, signature))
        draft = known or PartDraft(len(self.parts), form, kinds, negative, held, era=self.era)
        self.asked.append(draft.number)
        if known is None:
            self._known[self.era, signature] = draft
            self.parts.append(draft)
        return draft, known is None

    def index(self, draft: PartDraft, paths: Paths) -> int:
        """Have the rows of a part found by the values at these paths; give the exchange that holds them."""
        exchange = self._exchanges.setdefault(paths, len(self._exchanges))
        if exchange not in draft.indexes:
            draft.indexes[exchange] = row_key(paths, draft.kinds[0], self.code)
        return exchange


def row_key(paths: Paths, kind: Kind, code: Code, *, bare: bool = True) -> str:
    """Write the function row → key over paths: None where a value is missing; `bare`, one value is its own key."""
    body = []
    for number, path in enumerate(paths):
        body += [f"    k{number} = {access('r', path)}", f"    if k{number} is None:", "        return None"]
    return code.function("key", "r", [*body, f"    return {key_text(paths, kind, bare=bare)}"])


def key_text(paths: Paths, kind: Kind, *, bare: bool = True) -> str:
    """Write the key of a row from `k0`, `k1` and so on, its values at paths."""
    keys = [keyed(f"k{number}", kind.type_at(path) or ANY) for number, path in enumerate(paths)]
    return keys[0] if len(keys) == 1 and bare else f"({''.join(f'{key}, ' for key in keys)})"
