"""Taking sets in: what the desk asks about them, done one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from companions.base import Closed
from companions.errors import MotionfleetError
from fleet.sync.errors import SetStale
from fleet.sync.far.arrival import Arrival
from fleet.sync.far.conversation import Desk, Handler
from fleet.sync.far.disk import told
from fleet.sync.far.index import Index
from fleet.sync.far.leftovers import ARRIVING, sweep_old
from fleet.sync.far.offer import fault_of
from fleet.sync.far.publish import publish
from fleet.sync.far.published import files_of, folder_of, look, states
from fleet.sync.far.tree import DeskGone
from fleet.sync.far.work import handler
from fleet.sync.wire.greeting import Refused
from fleet.sync.wire.sets import AskSets, Given, Let, Offer, Sent, SetsHeld, Verified, Wanted


class Taking:
    """The sets of one conversation, one arriving at a time; a context manager."""

    def __init__(self, desk: Desk, *, index: Index, inbox: Path, inbox_root: str) -> None:
        """Prepare to take sets into ``inbox``.

        ``inbox_root`` is the folder of arriving sets as a transport has to name it.
        """
        self._desk, self._index = desk, index
        self._inbox, self._inbox_root = inbox, inbox_root
        self._arrival: Arrival | None = None
        self._swept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def handlers(self) -> Mapping[type[Closed], Handler]:
        """What answers each request about sets."""
        return {
            AskSets: handler(AskSets, self._ask),
            Offer: handler(Offer, self._offer),
            Sent: handler(Sent, self._sent),
            Given: handler(Given, self._given),
        }

    def _ask(self, request: AskSets) -> Closed:
        with told(self._inbox / request.label):
            found = states(
                self._inbox, index=self._index, label=request.label, set_ids=request.sets
            )
        return SetsHeld(sets=tuple(found))

    def _offer(self, request: Offer) -> Closed | None:
        self._close()
        fault = fault_of(request)
        if fault is not None:
            raise SetStale(manifest=request.manifest_name, what=fault)
        only = self._lacking(request)
        if only is not None and not only:
            return Wanted(published=True, missing=())
        self._arrival = Arrival(
            request, inbox=self._inbox, only=only, tell=self._desk.tell, gone=self._desk.gone
        )
        try:
            missing = self._arrival.open(self._index)
        except DeskGone:
            return None
        except MotionfleetError:
            self._close()
            raise
        self._sweep()
        into = f"{self._inbox_root}{request.set_id}"
        return Wanted(published=False, missing=missing, into=into)

    def _sweep(self) -> None:
        """Once, and only when a set is open: the one that is offered must not be swept away."""
        if not self._swept:
            self._swept = True
            for set_id in sweep_old(self._inbox, now=time.time()):
                self._index.keep_arrived(inbox=self._inbox, set_id=set_id, read={})

    def _lacking(self, offer: Offer) -> frozenset[str] | None:
        """Files that a published set lacks; None where the set is not published."""
        folder = folder_of(self._inbox, offer.label, offer.set_id)
        recorded = self._index.sets(
            inbox=self._inbox, label=offer.label, set_ids=[offer.set_id]
        ).get(offer.set_id, [])
        known = {file.path: file for file in recorded}
        files = [known.get(file.path, file) for file in files_of(offer)]
        with told(folder):
            looked = look(folder, files)
        if looked is None:
            return None
        if looked.news or len(known) < len(files):
            # A set that is published, and not on record (any more): taken as it is.
            news = {file.path: file for file in looked.news}
            self._index.keep(
                inbox=self._inbox, label=offer.label, set_id=offer.set_id,
                manifest_name=offer.manifest_name,
                files=[news.get(file.path, file) for file in files], now=time.time(),
            )  # fmt: skip
        return frozenset(looked.gone)

    def _sent(self, request: Sent) -> Closed | None:
        arrival = self._arrival
        if arrival is None or arrival.offer.set_id != request.set_id:
            return _not_open(request.set_id)
        try:
            with arrival.alone():
                wrong = arrival.verify()
                if wrong:
                    return Verified(published=False, wrong=wrong)
                publish(arrival, inbox=self._inbox, index=self._index, now=time.time())
        except DeskGone:
            return None
        arrival.over()
        self._arrival = None
        self._index.keep_arrived(inbox=self._inbox, set_id=request.set_id, read={})
        return Verified(published=True)

    def _given(self, _: Given) -> Closed:
        self._close()
        return Let()

    def _close(self) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            try:
                self._index.keep_arrived(
                    inbox=self._inbox, set_id=arrival.offer.set_id, read=arrival.left()
                )
            finally:
                arrival.close()


def transport_root(inbox: Path, *, gated: bool) -> str:
    """What a transport puts before a set's id to name the folder it arrives in."""
    return "" if gated else f"{inbox / ARRIVING}/"


def _not_open(set_id: str) -> Refused:
    return Refused(
        code="not_open", exit_code=SetStale.exit_code, message=f"the set {set_id} was not offered"
    )
