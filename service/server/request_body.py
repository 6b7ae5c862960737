"""Reads the body of a request from the event loop, with a limit and a deadline.

A request whose head is not acceptable is refused before its body is read.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from service.api.body import CLOSE, too_large
from service.api.problems import Problem
from service.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

LINGER_SECONDS = 2.0
# Transfer codings that gunicorn's parser accepts before "chunked" (RFC 9112, section 6.1).
COMPRESSED = re.compile("gzip|deflate|compress", re.IGNORECASE)


async def read_body(environ: WSGIEnvironment, receive: Receive, settings: Settings) -> bytes:
    """The whole body; Problem if it is too large, late, incomplete or not acceptable."""
    if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
        raise Problem(417, "the only supported expectation is 100-continue", headers=CLOSE)
    length = environ.get("CONTENT_LENGTH")
    coding = environ.pop("HTTP_TRANSFER_ENCODING", None)
    if length is None and coding is None:
        return b""
    if coding is not None and COMPRESSED.search(coding):
        raise Problem(501, "the only supported transfer coding is chunked", headers=CLOSE)
    limit = settings.max_body_bytes
    if length is not None and int(length) > limit:
        raise too_large(limit)
    try:
        return await _within(settings.body_seconds, receive, limit)
    except TimeoutError:
        detail = f"the body did not arrive within {settings.body_seconds} seconds"
        raise Problem(408, detail, headers=CLOSE) from None


async def drain_unread_body(receive: Receive) -> None:
    """After a refusal, discard the rest of the body for a short time.

    Closing at once would reset the connection, and a client that is still sending would not see
    the answer. nginx calls this a lingering close. The clock is checked after each message:
    gunicorn uses asyncio.wait_for, which before Python 3.12 ignores a cancellation if data arrives
    at that moment.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + LINGER_SECONDS
    try:
        async with asyncio.timeout_at(end):
            while clock() < end:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


async def _within(seconds: float, receive: Receive, limit: int) -> bytes:
    """The whole body; TimeoutError if it takes longer.

    asyncio.timeout does the same, but would take 3 % of the time of a small prediction, whose body
    has usually arrived already.
    """
    loop = asyncio.get_running_loop()
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    before, is_late = task.cancelling(), False

    def cancel() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    end = loop.time() + seconds
    timer = loop.call_at(end, cancel)
    try:
        return await _receive_all(receive, limit, end)
    except asyncio.CancelledError:
        if is_late and task.uncancel() <= before:
            raise TimeoutError from None
        raise  # the server has cancelled the request
    finally:
        timer.cancel()


async def _receive_all(receive: Receive, limit: int, end: float) -> bytes:
    clock = asyncio.get_running_loop().time
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the connection was closed within the body", headers=CLOSE)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return b"".join(chunks)
        if clock() >= end:  # the cancellation was ignored; see drain_unread_body
            raise TimeoutError
