"""Work that would hold up the network: done in threads beside it, a kind of work a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Worker:
    """A thread that does one job after another."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def do(self, job: Callable[..., Result], *arguments: object) -> Result:
        """Have it done. A job whose caller is cancelled is not begun any more."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, job, *arguments)

    def soon(self, job: Callable[..., object], *arguments: object) -> None:
        """Have it done after what was asked for before; nobody waits for it."""
        self._executor.submit(job, *arguments)

    def close(self) -> None:
        """Finish the job in hand, and begin no other."""
        self._executor.shutdown(wait=True, cancel_futures=True)
