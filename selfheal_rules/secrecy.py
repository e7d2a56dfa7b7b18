"""What looks like a secret: names under which one is kept, and forms in which one stands in a text."""

import re
from functools import lru_cache

_NAME = re.compile(
    r"^_context_|pass(word|wd|phrase)?$|admin_?pass|token|secret|credential|catalog|driver_info|user_?data|signature"
    r"|(api|access|account|auth|encryption|private|ssh)[-_]?key$|authori[sz]ation|cookie|connection(_info|_properties)?$",
    re.IGNORECASE,
)
"""Names under which services keep what opens something: `connection_info` holds a volume's CHAP password."""

_LOGIN = re.compile(r"://[^\s/?#]*@")
_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private)[-_]?key|cookie|authorization)"
_INTRODUCED = re.compile(
    rf"""({_WORD}\W*[=:]\W*        # password = …, "token": "…"
    |--?{_WORD}[\s=]\s*            # --pass …
    |\bx-(?:\w+-)*{_WORD}\s+       # X-Auth-Token …
    |\b(?:authorization|bearer|basic)\s+(?=\S{{8}})
    |(?<!\S)(?:-u|--(?:proxy-)?user)[\s=]*[^\s:]+:
    |(?=\bgAAAA[\w-]{{20}}|\beyJ[\w-]+\.[\w-]+\.)  # a token of Keystone's, or a signed one, by itself
    ).*""",
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=10_000)
def is_secret(name: str) -> bool:
    """Whether what is kept under a name may open something."""
    return bool(_NAME.search(name))


def without_login(text: str) -> str:
    """Give a text whose URLs say no user and no password."""
    return _LOGIN.sub("://***@", text) if "://" in text else text


def concealed(text: str) -> str:
    """Give a text in which the rest of a line is left out from where it looks like a secret on."""
    return _INTRODUCED.sub(r"\1***", without_login(text))
