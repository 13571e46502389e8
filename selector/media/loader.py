"""Images for the screen, decoded in threads by a plan that is replaced at every key press.

The plan says what is wanted, the most urgent first; work that is no longer planned is not begun,
so nothing stale is ever in front of the current picture.  One thread takes the current picture
only and is there for it while the others are in the middle of something.  Asking for an image
never waits.

What was decoded from a large picture is kept on the disk as a proxy, written when nothing else
is to be done.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError, PictureRefused
from companions.geometry import Size
from selector.media.cache import ByteCache
from selector.media.decode import Decoded
from selector.media.disk_cache import Stamp
from selector.media.fetching import Fetched, at_hand, fetch
from selector.media.memory import return_large_blocks
from selector.media.plan import Key, Plan, Tier, kept, next_key
from selector.media.proxies import Proxies

__all__ = ["DEFAULT_BUDGET_BYTES", "MIN_BUDGET_BYTES", "Loader", "Tier"]

DEFAULT_BUDGET_BYTES: Final = 288 * 1024**2
"""Room for 26 pictures at the screen's size and 200 thumbs: six groups of four, and more thumbs
than a strip shows.  With the preview's pictures and frames the window stays under 1 GB."""
THUMB_SHARE: Final = 8
"""An eighth of the budget is for thumbs."""
MIN_BUDGET_BYTES: Final = 48 * 1024**2
"""A smaller budget is taken for this one: the current picture and the next must fit."""
PENDING_PROXIES: Final = 1000
"""So many images wait at most to become proxies, as long as they are held anyway."""
CLOSE_S: Final = 2.0
RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Problem:
    why: str
    again_at: float | None
    """On the monotonic clock: when a file that could not be read may be there again."""

    def is_due(self, now: float) -> bool:
        return self.again_at is not None and now > self.again_at


@dataclass(frozen=True, slots=True)
class _Proxy:
    """An image that is worth keeping on the disk, and the stamp of its file."""

    decoded: Decoded
    tier: Tier
    stamp: Stamp


class Loader(QObject):
    """Decodes what is wanted.  Used from the thread that made it; ``close`` it at the end.

    Signals:
        ready(picture, tier): its image is there now.
        failed(picture, why): it cannot be shown, and why, in one line.
    """

    ready = Signal(object, object)
    failed = Signal(object, str)
    _arrived = Signal()

    def __init__(
        self,
        *,
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
        cache_folder: Path | None = None,
        threads: int | None = None,
        retry_s: float = RETRY_S,
        parent: QObject | None = None,
    ) -> None:
        """Start the threads.

        Args:
            budget_bytes: for all images that are held, at least ``MIN_BUDGET_BYTES``.
            cache_folder: where proxies are kept; None: nowhere.
            threads: how many, beside the one for the current picture; by default one for each
                core, and two at least.
            retry_s: after this time a file that could not be read is tried again when wanted.
            parent: as for every QObject.
        """
        super().__init__(parent)
        return_large_blocks()
        budget = max(budget_bytes, MIN_BUDGET_BYTES)
        thumbs = budget // THUMB_SHARE
        self._budgets = {Tier.THUMB: thumbs, Tier.SCREEN: budget - thumbs}
        self._caches: dict[Tier, ByteCache[Key, QImage]] = {
            tier: ByteCache(share) for tier, share in self._budgets.items()
        }
        self._proxies = Proxies(cache_folder) if cache_folder is not None else None
        self._retry_s = retry_s
        # All that follows is touched only while _changed is held.
        self._changed = threading.Condition()
        self._plan = Plan()
        self._kept: dict[Key, None] = {}
        self._sizes: dict[Path, Size] = {}
        self._problems: dict[Path, _Problem] = {}
        self._under_way: set[Key] = set()
        self._forgotten: set[Key] = set()
        self._proxied: deque[tuple[Key, Stamp]] = deque(maxlen=PENDING_PROXIES)
        self._news: deque[tuple[Path, Tier, str | None]] = deque()
        self._closing = False
        self._threads: set[threading.Thread] = set()
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        for _ in range(threads or max(2, os.cpu_count() or 2)):
            self._hire(urgent_only=False)
        self._hire(urgent_only=True)

    def want(self, plan: Sequence[Path]) -> None:
        """Have these pictures at the screen's size, the most urgent first.

        The plan takes the place of the one before.  What does not fit into the budget is not
        loaded.
        """
        self._replan(Plan(tuple(plan), self._plan.thumbs))

    def want_thumbs(self, plan: Sequence[Path]) -> None:
        """Have these pictures as thumbs, after the most urgent of those for the screen."""
        self._replan(Plan(self._plan.screens, tuple(plan)))

    def image(self, picture: Path, tier: Tier = Tier.SCREEN) -> QImage | None:
        """The image, if it is there."""
        return self._caches[tier].get((picture, tier))

    def size(self, picture: Path) -> Size | None:
        """The picture's full size, upright, once it is known."""
        with self._changed:
            return self._sizes.get(picture)

    def problem(self, picture: Path) -> str | None:
        """Why the picture cannot be shown, if it cannot."""
        with self._changed:
            problem = self._problems.get(picture)
        return problem.why if problem is not None else None

    @property
    def held_bytes(self) -> int:
        """Bytes of all images that are held."""
        return sum(cache.size_bytes for cache in self._caches.values())

    def forget(self, picture: Path) -> None:
        """Read the picture anew, now if it is planned: its file has changed."""
        with self._changed:
            known = self._sizes.pop(picture, None), self._problems.pop(picture, None)
            waiting = [each for each in self._proxied if each[0][0] != picture]
            self._proxied = deque(waiting, maxlen=PENDING_PROXIES)
            for tier in Tier:
                key = (picture, tier)
                self._caches[tier].drop(key)
                if key in self._under_way:
                    self._forgotten.add(key)
            if known != (None, None):
                self._keep()

    def close(self) -> None:
        """End the threads; one that is in the middle of something is left after two seconds."""
        with self._changed:
            self._closing = True
            self._news.clear()
            self._proxied.clear()
            self._changed.notify_all()
            threads = list(self._threads)
        until = time.monotonic() + CLOSE_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        for cache in self._caches.values():
            cache.clear()

    # -- in the window's thread -------------------------------------------------------------------

    def _replan(self, plan: Plan) -> None:
        now = time.monotonic()
        with self._changed:
            self._plan = plan
            again = [each for each, problem in self._problems.items() if problem.is_due(now)]
            if again:
                for picture in {*plan.screens, *plan.thumbs}.intersection(again):
                    del self._problems[picture]
            self._keep()

    def _deliver(self) -> None:
        while True:
            with self._changed:
                if not self._news:
                    return
                picture, tier, why = self._news.popleft()
            if why is None:
                self.ready.emit(picture, tier)
            else:
                self.failed.emit(picture, why)

    # -- in the threads ---------------------------------------------------------------------------

    def _keep(self) -> None:
        """Decide anew what is to be held, and wake the threads; with ``_changed`` held."""
        self._kept = kept(
            self._plan,
            budgets=self._budgets,
            size_of=self._sizes.get,
            refused=self._problems,
        )
        self._changed.notify_all()

    def _hire(self, *, urgent_only: bool) -> None:
        thread = threading.Thread(
            target=self._work, kwargs={"urgent_only": urgent_only}, name="loader", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _work(self, *, urgent_only: bool) -> None:
        try:
            while (task := self._next(urgent_only=urgent_only)) is not None:
                if isinstance(task, _Proxy):
                    self._write_proxy(task)
                else:
                    self._load(task)
        finally:
            # A thread that ends on an error nobody foresaw has told of it; another goes on.
            with self._changed:
                self._threads.discard(threading.current_thread())
                if not self._closing:
                    self._hire(urgent_only=urgent_only)

    def _next(self, *, urgent_only: bool) -> Key | _Proxy | None:
        """What to do now, begun; None at the end."""
        with self._changed:
            while not self._closing:
                first = self._plan.screens[0] if self._plan.screens else None
                if not urgent_only or first is not None:
                    key = next_key(
                        self._kept,
                        held=self._caches,
                        under_way=self._under_way,
                        only=first if urgent_only else None,
                    )
                    if key is not None:
                        self._under_way.add(key)
                        return key
                proxy = None if urgent_only else self._next_proxy()
                if proxy is not None:
                    return proxy
                self._changed.wait()
        return None

    def _load(self, key: Key) -> None:
        picture, tier = key
        fetched: Fetched | None = None
        problem = _Problem(
            f"{picture}: cannot be shown, for a reason that was not foreseen. The terminal that "
            f"the selector was started from says more.",
            again_at=None,
        )
        try:
            with self._changed:
                image = self._caches[Tier.SCREEN].get((picture, Tier.SCREEN))
                known = at_hand(image, self._sizes.get(picture))
            fetched = fetch(picture, tier, at_hand=known, proxies=self._proxies)
        except PictureRefused as error:
            again_at = time.monotonic() + self._retry_s if error.curable else None
            problem = _Problem(str(error), again_at=again_at)
        except (MotionfleetError, OSError) as error:
            problem = _Problem(f"{picture}: cannot be read ({error}).", again_at=None)
        except MemoryError:
            problem = _Problem(
                f"{picture}: there is not enough memory to show it. Close other programs.",
                again_at=time.monotonic() + self._retry_s,
            )
        finally:
            self._settle(key, fetched if fetched is not None else problem)

    def _settle(self, key: Key, outcome: Fetched | _Problem) -> None:
        picture, tier = key
        with self._changed:
            self._under_way.discard(key)
            if key in self._forgotten:
                self._forgotten.discard(key)  # what was read is no longer what is there
                self._keep()
                return
            if isinstance(outcome, Fetched):
                self._sizes[picture] = outcome.decoded.size
                self._keep()
                image = outcome.decoded.image
                self._caches[tier].put(key, image, size_bytes=image.sizeInBytes(), keep=self._kept)
                if outcome.keep_as is not None:
                    self._proxied.append((key, outcome.keep_as))
                self._tell(picture, tier, None)
            elif picture not in self._problems:  # told of once, whatever it was wanted for
                self._problems[picture] = outcome
                self._keep()
                self._tell(picture, tier, outcome.why)

    def _next_proxy(self) -> _Proxy | None:
        """An image that waits to become a proxy and is still held; with ``_changed`` held."""
        while self._proxied:
            key, stamp = self._proxied.popleft()
            picture, tier = key
            held = at_hand(self._caches[tier].get(key), self._sizes.get(picture))
            if held is not None:
                return _Proxy(held, tier, stamp)
        return None

    def _write_proxy(self, proxy: _Proxy) -> None:
        if self._proxies is not None:
            self._proxies.save(proxy.stamp, proxy.tier, proxy.decoded)
            self._proxies.sweep_if_due()

    def _tell(self, picture: Path, tier: Tier, why: str | None) -> None:
        if self._closing:
            return
        self._news.append((picture, tier, why))
        if len(self._news) == 1:
            self._arrived.emit()
