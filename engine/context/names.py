"""What a seller may be called: the name stands in the From of every message a buyer gets (R-13)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from engine.errors import UsageError
from engine.text.fold import LOOKALIKES, fold_plain

_LONGEST = 100
# Control characters break headers; the rest of these turn the writing round or cannot be seen.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200d\ufe0f"  # hold an emoji of several parts together
_DRAWN = str.maketrans("0134578@$!|l", "oieastbasiii")
# Capitals of other scripts look like other letters than their small forms do (Μ is an M, μ looks like a u).
_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕЅІЈКМНОРСТУХ", "ABEZHIKMNOPTYXABESIJKMHOPCTYX")
_APART = re.compile(r"[^\w@$!|]+|_+")


def business_name(name: str, platform_names: Iterable[str] = ()) -> str:
    """Return the name as it will be shown: NFC, single blanks.

    Raises UsageError when it is empty, too long, holds characters that break or disguise a header, or reads like one of
    `platform_names`.
    """
    for letter in name:
        if unicodedata.category(letter) in _REFUSED and letter not in _JOINERS:
            raise UsageError(
                f"a business name cannot hold the character U+{ord(letter):04X}; leave it out (line ends, text direction "
                "marks and invisible characters are refused)"
            )
    shown = " ".join(unicodedata.normalize("NFC", name).split())
    if not any(unicodedata.category(letter)[0] in "LN" for letter in shown):
        raise UsageError("a business name needs at least one letter or digit")
    if len(shown) > _LONGEST:
        raise UsageError(f"a business name has at most {_LONGEST} characters, this one has {len(shown)}")
    imitated = next((platform for platform in platform_names if imitates(shown, platform)), None)
    if imitated is not None:
        raise UsageError(f"a business name cannot look like the marketplace's own name ({imitated}); choose another")
    return shown


def imitates(name: str, platform: str) -> bool:
    """Return whether `name` reads as if the platform were writing.

    Look-alike letters, digits for letters, accents and blanks between letters do not hide it. A platform's name inside
    a longer word is another word (« Amazonite » is a stone).
    """
    wanted = _skeleton(platform)
    if not wanted:
        return False
    words = [_skeleton(word) for word in _APART.split(unicodedata.normalize("NFKC", name)) if word]
    if any(word in (wanted, f"{wanted}s") for word in words):
        return True
    # « A m a z o n », « Ama-zon »: neighbouring words that join to the name.
    joined = [words[first:last] for first in range(len(words)) for last in range(first + 2, len(words) + 1)]
    return any("".join(run) == wanted for run in joined)


def _skeleton(text: str) -> str:
    """Return what the eye takes `text` for. Folding leaves whole words of another script alone; an imitation is one."""
    letters = fold_plain(text.translate(_CAPITALS)).translate(LOOKALIKES).translate(_DRAWN)
    return "".join(letter for letter in letters if letter.isalnum())
