"""
The answer to a queue of Zaqar that asks whether it may send here.

Zaqar posts a pre-signed URL without its host, and waits for a `PUT` of `{"confirmed": true}` there, with the signature
in headers (its "subscription confirm guide"). The host is the site's to say: who sends a request must not choose whom
we call. `external_confirmation_url` of Zaqar is not needed.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from attrs import frozen

from selfheal_rules.integrations.webhook import ConfirmationError

_PATH = re.compile(r"/v2/queues/[^/?#\s]+/subscriptions/[0-9A-Za-z-]+/confirm")
_SIGNED = ("URL-Signature", "URL-Expires", "URL-Methods", "URL-Paths", "X-Project-ID")


@frozen
class Zaqar:
    """Confirms subscriptions at one Zaqar, such as `http://controller:8888`."""

    url: str
    client: httpx.AsyncClient
    patience: float = 5.0
    """For how many seconds the whole answer is waited for."""

    async def confirm(self, asked: Mapping[str, Any]) -> None:
        """
        Say yes.

        Raises:
            ConfirmationError: where the request is none, or Zaqar does not take the answer.
        """
        signed = {name: asked.get(name) for name in _SIGNED}
        path = str(signed["URL-Paths"])
        if not all(isinstance(value, str) and value.isascii() and value.isprintable() for value in signed.values()):
            message = f"{', '.join(f'`{name}`' for name in _SIGNED)} are needed"
            raise ConfirmationError(message)
        if not _PATH.fullmatch(path):
            message = "`URL-Paths` is not the confirmation of a subscription"
            raise ConfirmationError(message)
        headers = {name: str(value) for name, value in signed.items()}
        headers["Client-ID"] = str(uuid5(NAMESPACE_URL, self.url))
        await self._put(path, headers)

    async def _put(self, path: str, headers: dict[str, str]) -> None:
        where = self.url.rstrip("/") + path
        try:
            async with asyncio.timeout(self.patience):  # a client limits each read, and some drip
                answer = await self.client.put(where, json={"confirmed": True}, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            message = f"Zaqar did not answer ({type(error).__name__})"
            raise ConfirmationError(message) from None
        if not answer.is_success:
            message = f"Zaqar answered {answer.status_code}"
            raise ConfirmationError(message)
