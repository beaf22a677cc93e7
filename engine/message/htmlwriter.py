"""Text of a page, collected as it is laid out."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[ \t\n\r\f]+")


class Writer:
    """Collects text as a page is laid out: white space collapses, blocks begin lines, one line at most is empty."""

    __slots__ = ("breaks", "length", "out", "space")

    def __init__(self) -> None:
        self.out: list[str] = []
        self.length = 0
        self.breaks = 0
        self.space = False

    def write(self, text: str, keep_lines: bool) -> None:
        if not keep_lines:
            if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
                text = _SPACES.sub(" ", text)
            if text[:1] == " ":
                self.space = True
                text = text[1:]
            if not text:
                return
            if text[-1] == " ":
                self._put(text[:-1])
                self.space = True
                return
        elif not text:
            return
        self._put(text)

    def _put(self, text: str) -> None:
        if self.length:
            if self.breaks:
                text = ("\n" if self.breaks == 1 else "\n\n") + text
            elif self.space:
                text = " " + text
        self.breaks = 0
        self.space = False
        self.out.append(text)
        self.length += len(text)

    @property
    def here(self) -> int:
        """Where the next text will stand, at the latest."""
        return self.length + (self.breaks or self.space) if self.length else 0
