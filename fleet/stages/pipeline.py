"""A line of stages, each in a thread of its own: while one frame is encoded, the next is checked,
the one after it interpolated, and those to come are fetched.

OpenCV, ONNX Runtime, torch and FFmpeg let go of Python's lock while they work, so that threads
keep several cores busy and share frames without a copy.  Promises: items come out in the order
they went in; between two stages at most ``room`` of them wait, so memory does not grow with the
clip; an error of any stage comes out of the line as itself; and no thread outlives the block.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

TICK_S: Final = 0.1
"""How often a line that waits for its next item asks whether it should go on."""

T = TypeVar("T")
U = TypeVar("U")
Step = Callable[[Iterator[T]], Iterable[U]]
"""What a stage does: it takes items from an iterator and yields what becomes of them."""


class _Closed(Exception):
    """Nobody wants the items of this belt any more."""


class _Belt(Generic[T]):
    """Items on their way from one thread to the next; ``room`` of them at most."""

    def __init__(self, room: int) -> None:
        self._items: deque[T] = deque()
        self._room = room
        self._changed = threading.Condition()
        self._ended = self._closed = False

    def put(self, item: T) -> None:
        """Lay ``item`` down; waits for room."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._room)
            if self._closed:
                raise _Closed
            self._items.append(item)
            self._changed.notify_all()

    def end(self) -> None:
        """Say that nothing more will be put."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """Say that nothing more is wanted; what lies here is dropped."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def is_ready(self, *, within_s: float) -> bool:
        """Whether, within that time, ``take`` would not have to wait."""
        with self._changed:
            return self._changed.wait_for(self._settled, timeout=within_s)

    def take(self) -> list[T]:
        """The next item, in a list; an empty one after the last.  Waits for it."""
        with self._changed:
            self._changed.wait_for(self._settled)
            if self._closed:
                raise _Closed
            if not self._items:
                return []
            item = self._items.popleft()
            self._changed.notify_all()
            return [item]

    def _settled(self) -> bool:
        return bool(self._items) or self._ended or self._closed


class Line(Generic[T]):
    """Items of a source, taken through stages; a context manager that gives them one by one.

    Within the block every stage runs in a thread of its own; at its end, however it comes, all of
    them are told to stop and waited for.  A stage stops between two items, or where it waits.
    """

    def __init__(
        self, source: Iterable[T], *, room: int, ask: Callable[[], None] = lambda: None
    ) -> None:
        """A line without stages yet.

        Args:
            source: where items come from; iterated in a thread.
            room: items that wait between two stages, from 1.
            ask: called in the caller's thread before every item and ten times a second while
                there is none; what it raises ends the line.
        """
        self._steps: list[Step[object, object]] = [lambda _: source]
        self._room, self._ask = room, ask
        self._belts: list[_Belt[object]] = []
        self._work: list[Future[None]] = []
        self._threads: ThreadPoolExecutor | None = None

    def then(self, step: Step[T, U]) -> Line[U]:
        """The line with one more stage at its end."""
        # Each stage takes what the one before gives, which the parameters of this method hold.
        self._steps.append(cast("Step[object, object]", step))
        return cast("Line[U]", self)

    def __enter__(self) -> Self:
        """Start every stage."""
        self._threads = ThreadPoolExecutor(len(self._steps), thread_name_prefix="finish-line")
        self._belts = [_Belt(self._room) for _ in self._steps]
        for index in range(len(self._steps)):
            self._work.append(self._threads.submit(self._run, index))
        return self

    def __iter__(self) -> Iterator[T]:
        """What comes out, in order.

        Raises:
            Exception: what a stage raised, as itself; or what ``ask`` did.
        """
        belt = self._belts[-1]
        while True:
            self._ask()
            while not belt.is_ready(within_s=TICK_S):
                self._ask()
            taken = belt.take()
            if not taken:
                self._work[-1].result()
                return
            yield cast("T", taken.pop())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every stage, and wait until it has."""
        for belt in self._belts:
            belt.close()
        if self._threads is not None:
            self._threads.shutdown(wait=True)

    def _run(self, index: int) -> None:
        """One stage.  What it raises lies in its future, where the next one finds it."""
        outgoing = self._belts[index]
        with ExitStack() as after:
            # Those before a stage that ends early wait until the block ends, and it ends at once:
            # nothing more will come out.
            after.callback(outgoing.end)
            for item in self._items_of(index, after):
                outgoing.put(item)
                del item  # it may be large, and the next one may be long in coming

    def _items_of(self, index: int, after: ExitStack) -> Iterator[object]:
        made = self._steps[index](self._arriving(index))
        if isinstance(made, Generator):
            after.enter_context(closing(made))
        return iter(made)

    def _arriving(self, index: int) -> Iterator[object]:
        if index == 0:
            return
        belt = self._belts[index - 1]
        while taken := belt.take():
            yield taken.pop()
        self._work[index - 1].result()
