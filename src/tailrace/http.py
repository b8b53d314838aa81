"""A request and its response, and a POST that is repeated until it gets one."""

import asyncio
from typing import Final

import httpx

from tailrace.errors import ApiError, NotSent, Unreachable, api_error, reason
from tailrace.models import Patience

_PASSING: Final = frozenset({502, 503, 504})
_LONGEST_PAUSE_S: Final = 10.0


class Calls:
    """Requests to one service; the caller interprets the responses."""

    def __init__(self, http: httpx.AsyncClient, url: str, patience: Patience) -> None:
        self._http = http
        self._url = url
        self._patience = patience

    async def call(
        self, method: str, path: str, body: bytes | None = None, key: str | None = None
    ) -> bytes:
        """The body of the response.

        Raises:
            Unreachable: there was none.
            ApiError: the service refused.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Idempotency-Key": key} if key is not None else {}
        try:
            response = await self._http.request(method, path, content=body, headers=headers)
        except httpx.RequestError as error:
            raise Unreachable(f"no response from {self._url}: {reason(error)}") from error
        if not response.is_success:
            raise api_error(response)
        return response.content

    async def post_once(self, path: str, body: bytes, key: str | None = None) -> bytes:
        """The response to a POST that takes effect once, sent at most `Patience.posts` times.

        Without a key, its body has to be one that can be repeated: it names the stop it is for.

        Raises:
            NotSent: no service takes such a key.
            Unreachable, ApiError: as the last try ended, or the first one that no repeat mends.
        """
        if key is not None and not (key.isascii() and key.isprintable()):
            raise NotSent("the idempotency key holds characters that no key has")
        tries = 1
        while True:
            try:
                return await self.call("POST", path, body, key)
            except (Unreachable, ApiError) as error:
                if tries >= self._patience.posts or not _may_pass(error):
                    raise
                await asyncio.sleep(self._pause_s(error, tries))
            tries += 1

    def _pause_s(self, error: Unreachable | ApiError, tries: int) -> float:
        asked_s = error.retry_after_s if isinstance(error, ApiError) else 0
        return min(max(asked_s, self._patience.backoff_s(tries)), _LONGEST_PAUSE_S)


def _may_pass(error: Unreachable | ApiError) -> bool:
    return not isinstance(error, ApiError) or error.status in _PASSING
