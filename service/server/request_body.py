"""The body of a request, from gunicorn's event loop: with a limit and a deadline.

What is wrong with the head is refused before a byte of the body is read.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from wsgiref.types import WSGIEnvironment

from service.api.body import CLOSE
from service.scheduling.admission import RefusedError
from service.server.timeouts import within
from service.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

LINGER_SECONDS = 2.0
# Of the codings that gunicorn's parser lets pass before "chunked" (RFC 9112, section 6.1).
COMPRESSED = re.compile("gzip|deflate|compress", re.IGNORECASE)


async def body(environ: WSGIEnvironment, receive: Receive, settings: Settings) -> bytes:
    """The whole body of a request; RefusedError if it must not be read, or ends too late."""
    if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
        raise RefusedError(417, "the only expectation that is met is 100-continue", CLOSE)
    length = environ.get("CONTENT_LENGTH")
    coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
    if length is None and coding is None:
        return b""
    if coding is not None and COMPRESSED.search(coding):
        raise RefusedError(501, "the only transfer coding that is understood is chunked", CLOSE)
    limit = settings.max_body_bytes
    if length is not None and int(length) > limit:
        raise _too_large(limit)
    try:
        return await within(settings.body_seconds, _whole(receive, limit))
    except TimeoutError:
        detail = f"the body did not arrive within {settings.body_seconds} seconds"
        raise RefusedError(408, detail, CLOSE) from None


async def linger(receive: Receive) -> None:
    """Read on a little after a refusal: closing at once would reset the connection, and a
    client that is still sending would never see the answer."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


async def _whole(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the body ended before it was whole", CLOSE)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(limit: int) -> RefusedError:
    return RefusedError(413, f"the body is larger than {limit} bytes", CLOSE)
