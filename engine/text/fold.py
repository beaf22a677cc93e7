"""Folding: one plain form of a text for matching, and the way back to the original.

The steps, in this order: NFKC; invisible characters out; quotes, apostrophes, dashes and blanks to one form; case;
accents and special letters; runs of four or more single letters joined; look-alike letters in words of mixed script
(after the joining, so that `a v i s` with one Cyrillic letter is one word); digits for letters inside words with three
or more letters. Folding twice gives the same as folding once.

Folded text keeps `.`, `!`, `?`, `;` and line ends, so that a phrase can be kept from crossing them; a carriage return
and an underscore become a blank (so that `\\b` of RE2, which takes `_` for a letter, is right).
"""

from __future__ import annotations

import codecs
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
_MAYBE_SPACED_ASCII = re2.compile(rb"(?:[ .*~|/\\,'\"+-][a-z]){3}(?:[^a-z0-9]|$)")
_MAYBE_LEET_ASCII = re2.compile(rb"[a-z][0-9]+[a-z]")
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


class _Table:
    """The common characters of the eight languages, a byte each: texts of them alone are folded by C loops.

    ASCII keeps its places. From 128 on stand the characters that do not fold to one ASCII character, so that what is left
    of them is easily seen: they stay as they are, or fold to none or to several ASCII characters.
    """

    _OTHERS = (
        "".join(map(chr, range(0xA0, 0x100))) + "ĄąĆćĘęŁłŃńŚśŹźŻżŒœŸ‘’‚“”„‹›–—…•€™\u2009\u2011\u202f"
        "\u200b\u200c\u200d\u2060\ufeff\ufe0f★☆✓✔❤♥→✨"
    )  # fmt: skip

    def __init__(self) -> None:
        chars = ["\ufffe"] * 256
        for char in map(chr, (0, *range(9, 14), *range(32, 127))):
            chars[ord(char)] = char
        free = [place for place, char in enumerate(chars) if char == "\ufffe"]
        for char in self._OTHERS:
            folded = _fold_char(char)
            if folded.isascii() or folded == char:
                chars[free.pop(0 if folded.isascii() and len(folded) == 1 else -1)] = char
        self.chars = "".join(chars)
        self.encoding = codecs.charmap_build(self.chars)
        self.uneven = {
            bytes((place,)): _fold_char(char).encode()
            for place, char in enumerate(chars)
            if place > 127 and char != "\ufffe" and len(_fold_char(char)) != 1
        }
        self.any_uneven = re.compile(b"[" + re.escape(b"".join(self.uneven)) + b"]")
        nothing = next(place for place, folded in self.uneven.items() if not folded)[0]
        self.folded = bytes(self._to(place, char, nothing) for place, char in enumerate(chars))

    @staticmethod
    def _to(place: int, char: str, nothing: int) -> int:
        folded = "" if char == "\ufffe" else _fold_char(char)
        if len(folded) == 1 and folded.isascii():
            return ord(folded)
        return place if place > 127 else nothing


_TABLE = _Table()
_Ways = tuple[tuple[int, ...], tuple[int, ...]]
_EVEN: _Ways = ((0,), (0,))


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
    folded, (starts, shifts) = _by_table(text) or _by_character(text)
    if folded.isascii():
        data = folded.encode("ascii")
        spaced, leet = _MAYBE_SPACED_ASCII.search(data), _MAYBE_LEET_ASCII.search(data)
    else:
        spaced, leet = _MAYBE_SPACED.search(folded), True
    if spaced:
        folded, (starts, shifts) = _join_spaced(folded, starts, shifts)
    if not folded.isascii() and _FOREIGN.search(folded):
        folded = _WORD.sub(_latin, folded)
    if (leet or spaced) and _MAYBE_LEET.search(folded):
        folded = _WORD_WITH_DIGIT.sub(_unleet, folded)
    return Folded(folded, len(text), starts, shifts)


def _by_table(text: str) -> tuple[str, _Ways] | None:
    """Fold each character by the table; None when the table lacks one."""
    try:
        codes = codecs.charmap_encode(text, "strict", _TABLE.encoding)[0]
    except UnicodeEncodeError:
        return None
    folded = codes.translate(_TABLE.folded)
    if folded.isascii():
        return folded.decode("ascii"), _EVEN
    places = [(match.start(), len(_TABLE.uneven[match.group()])) for match in _TABLE.any_uneven.finditer(folded)]
    if places:
        for code, pieces in _TABLE.uneven.items():
            folded = folded.replace(code, pieces)
    return codecs.charmap_decode(folded, "strict", _TABLE.chars)[0], _uneven_runs(places)


def _by_character(text: str) -> tuple[str, _Ways]:
    folded = text.translate(_CHARS)
    uneven = "".join(sorted(_CHARS.uneven.intersection(text)))
    if not uneven:
        return folded, _EVEN
    found = re.finditer(f"[{re.escape(uneven)}]", text)
    return folded, _uneven_runs([(match.start(), len(_CHARS[ord(match.group())])) for match in found])


def _uneven_runs(places: list[tuple[int, int]]) -> _Ways:
    """The way back, given where the characters stand that fold to none or to several, and to how many."""
    starts, shifts = [0], [0]
    length = 0  # of the folded text so far
    done = 0  # characters of the original so far
    for at, count in places:
        length += at - done
        done = at + 1
        for extra in range(1, count):
            starts.append(length + extra)
            shifts.append(at - length - extra)
        length += count
        starts.append(length)
        shifts.append(done - length)
    return tuple(starts), tuple(shifts)


def _latin(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(LOOKALIKES) if _FOREIGN.search(word) and _LATIN.search(word) else word


def _unleet(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(_DIGITS) if sum(char.isalpha() for char in word) >= 3 else word


def _join_spaced(folded: str, starts: tuple[int, ...], shifts: tuple[int, ...]) -> tuple[str, _Ways]:
    """Join letters that stand alone (`e t o i l e s`; two blanks end a word), and go on with the way back."""
    pieces: list[str] = []
    kept: list[tuple[int, int]] = []  # the stretches of `folded` that stay
    done = 0
    for match in _SPACED.finditer(folded):
        pieces += (folded[done : match.start()], match.group()[::2])
        kept.append((done, match.start()))
        kept += ((at, at + 1) for at in range(match.start(), match.end(), 2))
        done = match.end()
    pieces.append(folded[done:])
    kept.append((done, len(folded)))
    return "".join(pieces), _without(kept, starts, shifts)


def _without(kept: list[tuple[int, int]], starts: tuple[int, ...], shifts: tuple[int, ...]) -> _Ways:
    """The way back when only some stretches of a text stay that has the way back `starts`, `shifts`."""
    new_starts, new_shifts = [0], [0]
    left_out = done = 0
    for start, end in kept:
        left_out += start - done
        done = end
        index = bisect_right(starts, start) - 1
        while start < end:
            shift = shifts[index] + left_out
            if shift != new_shifts[-1]:
                new_starts.append(start - left_out)
                new_shifts.append(shift)
            index += 1
            start = starts[index] if index < len(starts) else end
    return tuple(new_starts), tuple(new_shifts)
