"""Segments: sentences and lines, the unit in which rules combine and the model reads.

A segment ends at a line's end or behind `. ! ? …` when a new sentence begins; abbreviations and order numbers do not end
one. Lines broken by a mail program to fit its width are one line: `soft_breaks` finds these line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

# What stands before a full stop that ends no sentence, in the eight languages.
_ABBREVIATIONS = frozenset(
    """m mm mme mlle me dr pr st ste av bd bld bât esc ét tél réf cf env ex éd etc art n no nos num p pp vol apt appt cde ref
    mr mrs ms jr sr co ltd inc dept approx tel ext eg ie vs nr str hr fr frl dipl ing usw bzw ca evtl ggf inkl exkl zzgl z b
    u a d h i o abs geb stk sog vgl tgl mo di mi do fr sa so sig sigg dott ssa avv arch geom spett gent egr ns vs pag cap
    sra srta ud uds vd dto dpto izq dcha pza avda cía núm dhr mevr mw drs bijv blz evt incl excl i.v.m m.b.t o.a t.a.v
    ul al pl os godz tj tzn tzw np m.in itd itp ok gr zł szt sz p.n proc wew kl bl.a t.ex m.m o.s.v d.v.s ca st tr
    mån tis ons tors fre lör sön jan feb mar apr jun jul aug sep sept okt nov dec janv févr avr juil déc
    plz cp c.p s.a s.l s.r.l p.s""".split()  # noqa: SIM905
)
_MARK = re.compile(r"[.!?…。！？\n]")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]{0,5}(?=\s)")
_RUN = re.compile(r"[.!?…]+")
_LAST_WORD = re.compile(r"[^\W_](?:[^\s\"'(«“]*[^\W_])?$")
_NEXT = re.compile(r"[ \t\u00a0]*([\"'“”«„‘(¿¡*-]*)(\S?)")
_WORD = re.compile(r"\S*")
# Mail programs break lines at 60 to 80 characters, never later than the first blank after that.
_WIDTH = range(50, 100)


def soft_breaks(text: str) -> list[int]:
    """Return the positions of line ends of `text` that only wrap a line: the line is full and the next one goes on."""
    breaks = []
    at = -1
    for line in text.split("\n")[:-1]:
        at += len(line) + 1
        length = len(line.rstrip(" \t"))
        if length in _WIDTH and _goes_on(line[length - 1], text[at + 1 : at + 2]):
            next_word = _WORD.match(text, at + 1)
            needed = len(next_word.group()) if next_word else 0
            if length + 1 + needed > 62 and not _is_list_item(text, at + 1):
                breaks.append(at)
    return breaks


def _goes_on(last: str, following: str) -> bool:
    """Whether a line that ends with `last` may go on with `following`."""
    if not following or last in ".!?:;" or last.isspace():
        return False
    return following.isalnum() or following in "\"'“«„("


_ITEM = re.compile(r"(?:\d{1,2}|[a-zA-Z])[.)]\s")


def _is_list_item(text: str, at: int) -> bool:
    return bool(_ITEM.match(text, at))


def unwrap(text: str) -> str:
    """Return `text` with its soft line ends turned into blanks (same length)."""
    if "\n" not in text:
        return text
    breaks = soft_breaks(text)
    if not breaks:
        return text
    chars = list(text)
    for at in breaks:
        chars[at] = " "
    return "".join(chars)


def split(text: str) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of each segment of `text` in order, without blanks at its ends; empty ones are left out."""
    for begin, end in pairwise((0, *_ends(text), len(text))):
        piece = text[begin:end].lstrip()
        if piece:
            start = end - len(piece)
            yield start, start + len(piece.rstrip())


def _ends(text: str) -> list[int]:
    """Where sentences and lines end."""
    ends = []
    done = 0
    for match in _MARK.finditer(text):
        at = match.start()
        if at < done:
            continue
        mark = match.group()
        if mark in "\n。！？":
            done = at + 1
        else:
            end = _END.match(text, at)
            if end is None:
                run = _RUN.match(text, at)
                done = run.end() if run else at + 1
                continue
            done = end.end()
            if mark == "." and text[at + 1] != "." and not _ends_sentence(text, at, done):
                continue
        ends.append(done)
    return ends


def _ends_sentence(text: str, stop: int, end: int) -> bool:
    """Whether the full stop at `stop` ends a sentence; behind it and what closes with it the text goes on at `end`."""
    following = _NEXT.match(text, end)
    if following is None or not following.group(2):
        return True
    before = _LAST_WORD.search(text, max(0, stop - 30), stop)
    word = before.group().lower() if before else ""
    if word in _ABBREVIATIONS or (len(word) == 1 and not word.isdigit()):
        return False
    if word.isdigit():  # "am 12. Mai", "2. Stock", but "chambre 12. Merci"
        return len(word) > 2 or (following.group(2).isupper() and not _ordinal_follows(text, end))
    return not following.group(2).islower() or len(word) > 3


_ORDINAL = re.compile(
    r"\s*(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Stock|Etage|OG|UG|Obergeschoss|Klasse|Tag|Uhr|pięt|kl|våning)"
)


def _ordinal_follows(text: str, at: int) -> bool:
    return bool(_ORDINAL.match(text, at))
