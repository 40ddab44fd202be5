"""What lies over the main screen: lists, forms and explanations that close once."""

from typing import TypeVar

from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result]):
    """A screen over the main one.

    Keys may be typed faster than it closes: what comes to it after that is not meant for it.
    """

    def leave(self, result: Result | None = None) -> None:
        """Close it, once, and hand over what it has come to."""
        if self.is_active:
            self.dismiss(result)

    def action_back(self) -> None:
        """Close it."""
        self.leave()
