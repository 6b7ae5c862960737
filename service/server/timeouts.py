"""A time limit whose clock starts only where there is something to wait for."""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
Steps = Generator[Any, Any, Result]


@coroutine
def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Steps[Result]:
    """The result of some work; TimeoutError if it takes longer than `seconds`.

    `asyncio.timeout` alone would do. But most bodies are there before they are asked for, and it
    costs a small prediction a twentieth of its time.
    """
    steps = work.__await__()
    try:
        awaited = next(steps)
    except StopIteration as done:
        result: Result = done.value
    else:
        result = yield from _limited(seconds, _Begun(steps, awaited)).__await__()
    return result


async def _limited(seconds: float, begun: "_Begun") -> Any:
    async with asyncio.timeout(seconds):
        return await begun


class _Begun:
    """Work that was begun, up to what it awaits now."""

    def __init__(self, steps: Steps[Any], awaited: Any) -> None:
        self.steps = steps
        self.awaited = awaited

    def __await__(self) -> Steps[Any]:
        try:
            yield self.awaited
        except BaseException:  # cancelled
            self.steps.close()
            raise
        return (yield from self.steps)
