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
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from companions.errors import MotionfleetError, PictureRefused
from companions.geometry import Size
from selector.media.cache import ByteCache
from selector.media.crew import UNFORESEEN, Crew, Job
from selector.media.decode import Decoded
from selector.media.disk_cache import Stamp
from selector.media.fetching import Fetched, fetch
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
RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Problem:
    why: str
    again_at: float | None
    """On the monotonic clock: when a file that could not be read may be there again."""

    def is_due(self, now: float) -> bool:
        return self.again_at is not None and now > self.again_at


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
        self._caches: dict[Tier, ByteCache[Key, Fetched]] = {
            tier: ByteCache(share) for tier, share in self._budgets.items()
        }
        self._proxies = Proxies(cache_folder) if cache_folder is not None else None
        self._retry_s = retry_s
        # All that follows is touched only while _changed is held.
        self._crew = Crew("loader")
        self._changed = self._crew.changed
        self._plan = Plan()
        self._kept: dict[Key, None] = {}
        self._sizes: dict[Path, Size] = {}
        self._problems: dict[Path, _Problem] = {}
        self._under_way: set[Key] = set()
        self._forgotten: set[Key] = set()
        self._proxied: deque[Key] = deque(maxlen=PENDING_PROXIES)
        self._news: deque[tuple[Path, Tier, str | None]] = deque()
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        for _ in range(threads or max(2, os.cpu_count() or 2)):
            self._crew.hire(self._next)
        self._crew.hire(self._next_urgent)

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
        fetched = self._caches[tier].get((picture, tier))
        return fetched.decoded.image if fetched is not None else None

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
            for tier in Tier:
                key = (picture, tier)
                self._caches[tier].drop(key)
                if key in self._under_way:
                    self._forgotten.add(key)
            if known != (None, None):
                self._keep()

    def close(self) -> None:
        """End the threads, and let go of all images; nothing is told any more."""
        self._crew.close()
        with self._changed:
            self._news.clear()
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

    def _next(self) -> Job | None:
        key = next_key(self._kept, held=self._caches, under_way=self._under_way)
        return self._begun(key) if key is not None else self._next_proxy()

    def _next_urgent(self) -> Job | None:
        """The current picture, or nothing."""
        if not self._plan.screens:
            return None
        key = next_key(
            self._kept, held=self._caches, under_way=self._under_way, only=self._plan.screens[0]
        )
        return self._begun(key) if key is not None else None

    def _begun(self, key: Key) -> Job:
        self._under_way.add(key)
        return partial(self._load, key)

    def _load(self, key: Key) -> None:
        picture, tier = key
        fetched: Fetched | None = None
        problem = _Problem(f"{picture}: cannot be shown, {UNFORESEEN}", again_at=None)
        try:
            at_hand = self._caches[Tier.SCREEN].get((picture, Tier.SCREEN))
            fetched = fetch(picture, tier, at_hand=at_hand, proxies=self._proxies)
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
            if self._crew.is_closing:
                return
            if key in self._forgotten:
                self._forgotten.discard(key)  # what was read is no longer what is there
                self._keep()
                return
            if isinstance(outcome, Fetched):
                self._sizes[picture] = outcome.decoded.size
                self._keep()
                image = outcome.decoded.image
                size_bytes = image.sizeInBytes()
                self._caches[tier].put(key, outcome, size_bytes=size_bytes, keep=self._kept)
                if outcome.keep_as is not None:
                    self._proxied.append(key)
                self._tell(picture, tier, None)
            elif picture not in self._problems:  # told of once, whatever it was wanted for
                self._problems[picture] = outcome
                self._keep()
                self._tell(picture, tier, outcome.why)

    def _next_proxy(self) -> Job | None:
        """Write one of the images that wait to become proxies and are still held."""
        while self._proxied:
            key = self._proxied.popleft()
            held = self._caches[key[1]].get(key)
            if held is not None and held.keep_as is not None:
                return partial(self._write_proxy, held.keep_as, key[1], held.decoded)
        return None

    def _write_proxy(self, stamp: Stamp, tier: Tier, decoded: Decoded) -> None:
        if self._proxies is not None:
            self._proxies.save(stamp, tier, decoded)
            self._proxies.sweep_if_due()

    def _tell(self, picture: Path, tier: Tier, why: str | None) -> None:
        self._news.append((picture, tier, why))
        if len(self._news) == 1:
            self._arrived.emit()
