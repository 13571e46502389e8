"""What stands in the way of closing a folder or the window, told as banners with a way on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from selector.view.shell.banners import Banners, Remedy
from selector.view.shell.sending import Sending
from selector.view.shell.warnings import Warnings


class Leaving(QObject):
    """Asks before anything is lost, and before the fleet is stopped with the window.

    Attributes:
        warnings: of the open folder; None where none is open.
    """

    def __init__(self, banners: Banners, sending: Sending, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.warnings: Warnings | None = None
        self._banners, self._sending = banners, sending
        self._gives_up = False
        self._then: Callable[[], object] | None = None
        sending.ended.connect(self._go_on)

    def may_close_folder(self, then: Callable[[], object]) -> bool:
        """Whether nothing would be lost; if something would, that is told, and ``then`` is done
        when it is written or the operator gives it up."""
        warnings = self.warnings
        if warnings is None or self._gives_up:
            return True
        warnings.desk.save_again()
        if not warnings.would_lose():
            return True

        def regardless() -> None:
            self._gives_up = True
            try:
                then()
            finally:
                self._gives_up = False

        warnings.ask_to_leave(Remedy("&Try again", then), Remedy("&Lose them", regardless))
        return False

    def may_close_window(self, then: Callable[[], object]) -> bool:
        """As ``may_close_folder``; and the fleet, which would end with the window, is asked
        about."""
        if not self.may_close_folder(then):
            return False
        if not self._sending.is_running:
            return True
        if self._then is None:

            def stop() -> None:
                self._then = then
                self._banners.put(
                    "fleet", "The fleet is putting its work away; then this window closes."
                )
                self._sending.cancel()

            words = (
                "The fleet is making clips, and stops when this window is closed. What is not "
                "made then stays queued: send again, or run fleet submit."
            )
            if host := self._sending.host:
                words = (
                    f"Clips are being made on {host}, and are not fetched once this window is "
                    f"closed. {host} goes on: fetch them with fleet pull {host}."
                )
            self._banners.put(
                "fleet",
                words,
                Remedy("&Stop it and close", stop),
                Remedy("Sta&y", lambda: self._banners.drop("fleet")),
            )
        return False

    def _go_on(self) -> None:
        """The fleet has ended."""
        self._banners.drop("fleet")
        then, self._then = self._then, None
        if then is not None:
            then()
