"""Folding: one plain form of a text for matching, and the way back to the original.

The steps, in this order: NFKC; invisible characters out; quotes, apostrophes, dashes and blanks to one form; case;
accents and special letters; runs of four or more single letters joined; look-alike letters in words of mixed script
(after the joining, so that `a v i s` with one Cyrillic letter is one word); digits for letters inside words with three
or more letters. Folding twice gives the same as folding once.

Folded text keeps `.`, `!`, `?`, `;` and line ends, so that a phrase can be kept from crossing them; a carriage return
and an underscore become a blank (so that `\\b` of RE2, which takes `_` for a letter, is right).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import re2

_SPECIAL = {
    "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ĸ": "k", "ŋ": "n", "ø": "o", "œ": "oe", "æ": "ae", "þ": "th",
    "ŧ": "t", "ß": "ss", "ɑ": "a", "ɡ": "g", "ɩ": "i", "ɪ": "i", "ʀ": "r", "ʏ": "y", "ᴀ": "a", "ʙ": "b", "ᴄ": "c",
    "ᴅ": "d", "ᴇ": "e", "ꜰ": "f", "ɢ": "g", "ʜ": "h", "ᴊ": "j", "ᴋ": "k", "ʟ": "l", "ᴍ": "m", "ɴ": "n", "ᴏ": "o",
    "ᴘ": "p", "ꜱ": "s", "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z",
    "_": " ", "\r": " ", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n",
    "`": "'", "´": "'", "′": "'", "ʼ": "'", "ʹ": "'", "ˈ": "'", "‛": "'", "〃": '"', "″": '"', "−": "-",
    "。": ".", "！": "!", "？": "?", "；": ";", "¡": " ", "¿": " ", "•": "-", "·": " ", "…": "...",
    # Invisible although Unicode calls them letters or symbols.
    "\u115f": "", "\u1160": "", "\u3164": "", "\uffa0": "", "\u2800": " ",
}  # fmt: skip
_CATEGORY = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Cf": "", "Cc": "", "Cs": "", "Mn": "", "Me": "", "Pd": "-"}
# Letters of other scripts that look like Latin ones; used only inside words that also hold Latin letters.
LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕԁһӏԛԝгпьзбʀαβγεζηικμνορτυχωϲоҫҽ",
    "abekmhopctyxijsdhiqwrnbz6rabyeznikuvoptuxwcoce",
)
_WORD = re.compile(r"\w+")
_LATIN = re.compile(r"[a-z]")
_FOREIGN = re.compile(r"[\u0370-\u058f]")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*~|/\\,'\"+-][^\W\d_]){3,}(?![^\W_]|'[^\W_])")
_MAYBE_SPACED = re2.compile(r"(?:[ .*~|/\\,'\"+-]\pL){3}(?:[^\pL\pN]|$)")  # RE2 rejects ordinary text ten times faster
_MAYBE_LEET = re.compile(r"[0-9](?<=[a-z][0-9])")
_WORD_WITH_DIGIT = re.compile(r"(?<![^\W_])[a-z]+(?:[0-9]+[a-z]+)+(?![^\W_])")
_DIGITS = str.maketrans("013457", "oieast")


class _CharFold(dict[int, str]):
    """What one character folds to, worked out when first met (keys are code points, as `str.translate` wants them).

    `uneven` are the characters met so far that do not fold to exactly one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        if len(folded) != 1:
            self.uneven.add(chr(code))
        self[code] = folded
        return folded


def _fold_char(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char in "\n\t":
        return "\n" if char == "\n" else " "
    # Decomposing and dropping the marks gives what NFKC and then dropping the accents gives, one character at a time.
    pieces = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())
    if pieces != char:
        return "".join(_fold_char(piece) for piece in pieces)
    category = unicodedata.category(char)
    if category in ("Pi", "Pf"):
        return "'" if char in "‘’‚‛‹›" else '"'
    if category in _CATEGORY:
        return _CATEGORY[category]
    return {"‚": "'", "„": '"', "‟": '"'}.get(char, char)


_CHARS = _CharFold()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and its way back.

    `starts[i]` and `shifts[i]`: from folded position `starts[i]` on, the original position is the folded one plus
    `shifts[i]`. A text whose every character folds to one character has one entry, `(0, 0)`.
    """

    text: str
    length: int  # of the original, in characters
    starts: tuple[int, ...] = (0,)
    shifts: tuple[int, ...] = (0,)

    def original(self, position: int) -> int:
        """Return where the character at folded `position` begins in the original (the end maps to the end)."""
        if position >= len(self.text):
            return self.length
        index = bisect_right(self.starts, position) - 1
        return min(position + self.shifts[index], self.length)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original `(start, end)` whose characters folded to `[start, end)`; never empty when that is not."""
        if end <= start:
            first = self.original(start)
            return first, first
        # The second term takes in what folded to nothing behind the last character (combining accents).
        return self.original(start), max(self.original(end - 1) + 1, self.original(end))

    def shift(self, start: int, end: int) -> int | None:
        """Return how far the original lies from `[start, end)` of the folded text; None where that changes inside it."""
        index = bisect_right(self.starts, start) - 1
        return self.shifts[index] if bisect_right(self.starts, end - 1) - 1 == index else None

    def forward(self, positions: Iterable[int]) -> list[int]:
        """Return, for ascending positions of the original, where in the folded text what stands there begins."""
        if len(self.starts) == 1:
            return list(positions)
        found: list[int] = []
        index = 0
        for position in positions:
            while index + 1 < len(self.starts) and position - self.shifts[index] >= self.starts[index + 1]:
                index += 1
            found.append(max(self.starts[index], position - self.shifts[index]))
        return found


def fold_plain(text: str) -> str:
    """Return `text` folded, without the way back (for words of rules)."""
    return fold(text).text


def fold(text: str) -> Folded:
    """Fold `text` (see the module); the result maps every folded character to the original one it came from."""
    folded = text.translate(_CHARS)
    uneven = sorted(_CHARS.uneven.intersection(text)) if _CHARS.uneven else []
    starts, shifts = _uneven_runs(text, uneven) if uneven else ((0,), (0,))
    if _MAYBE_SPACED.search(folded):
        joined, kept = _join_spaced(folded)
        way_back = Folded(folded, len(text), starts, shifts)
        folded, (starts, shifts) = joined, _runs([way_back.original(index) for index in kept])
    if not folded.isascii() and _FOREIGN.search(folded):
        folded = _WORD.sub(_latin, folded)
    if _MAYBE_LEET.search(folded):
        folded = _WORD_WITH_DIGIT.sub(_unleet, folded)
    return Folded(folded, len(text), starts, shifts)


def _uneven_runs(text: str, uneven: list[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The way back when some characters of `text`, those of `uneven`, fold to none or to several."""
    starts, shifts = [0], [0]
    length = 0  # of the folded text so far
    done = 0  # characters of `text` so far
    for match in re.finditer(f"[{re.escape(''.join(uneven))}]", text):
        at = match.start()
        length += at - done
        done = at + 1
        for extra in range(1, len(_CHARS[ord(match.group())])):
            starts.append(length + extra)
            shifts.append(at - length - extra)
        length += len(_CHARS[ord(match.group())])
        starts.append(length)
        shifts.append(done - length)
    return tuple(starts), tuple(shifts)


def _latin(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(LOOKALIKES) if _FOREIGN.search(word) and _LATIN.search(word) else word


def _unleet(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(_DIGITS) if sum(char.isalpha() for char in word) >= 3 else word


def _join_spaced(folded: str) -> tuple[str, list[int]]:
    """Join letters that stand alone (`e t o i l e s`; two blanks end a word); also give the index of each one kept."""
    pieces: list[str] = []
    kept: list[int] = []
    done = 0
    for match in _SPACED.finditer(folded):
        pieces += (folded[done : match.start()], match.group()[::2])
        kept += range(done, match.start())
        kept += range(match.start(), match.end(), 2)
        done = match.end()
    pieces.append(folded[done:])
    kept += range(done, len(folded))
    return "".join(pieces), kept


def _runs(origin: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where `origin[i] - i` changes, and to what."""
    starts, shifts = [0], [0]
    for position, index in enumerate(origin):
        if index - position != shifts[-1]:
            starts.append(position)
            shifts.append(index - position)
    return tuple(starts), tuple(shifts)
