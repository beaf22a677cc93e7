"""A body text, cut into what is new, what is quoted and what is signature.

One pass over the lines. A quotation begins with what a client writes above it (« On ... wrote: », « -----Original
Message----- », a block of From:/Sent:/To:/Subject:); where the lines below it bear `>` (or an HTML container) these
decide line by line, so that answers below and between are new text; else everything below is quoted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from engine.message.parts import PartKind, Region
from engine.message.signature import sign_lines
from engine.message.wording import (
    ATTRIBUTION_START,
    DASHED,
    FORWARD,
    FORWARD_LETTERS,
    FORWARD_WORDS,
    LABELS,
    SEPARATOR,
    SPOKEN,
    VERB,
    fold,
)

Marks = Sequence[tuple[str, int, int]]
"""(`quoted`, `signature` or `rest`, start, end) of what HTML containers mark; `rest`: see `containers`."""

_WIDTH = 400
_ADDRESS = re.compile(r"[^\s@<>]@[\w-]")
_DATED = re.compile(r"\d{4}|\d[:.h]\d\d|\d[./-]\d")
_OLD_GMAIL = re.compile(r"\d{4}[-/]\d\d?[-/]\d\d? .{0,80}<[^<>\s]+@[^<>\s]+>:\Z")
_RULE = re.compile(r"[_\-=*—–]{5,}\Z")
_ARROW = re.compile(r">+[^<>]*<+\Z")
_TRIM = " \t\r\xa0\u202f"


def cut(text: str, marks: Marks = ()) -> tuple[Region, ...]:
    """Return the regions of a body text, in order: together they cover it, neighbours differ in kind."""
    if not text:
        return ()
    lines = text.split("\n")
    kinds: list[PartKind] = ["body"] * len(lines)
    bare = [line.strip(_TRIM) for line in lines]
    if marks:
        _take_marks(lines, bare, kinds, marks)
    _quote(bare, kinds)
    sign_lines(bare, kinds)
    return _regions(lines, bare, kinds)


def _take_marks(lines: list[str], bare: list[str], kinds: list[PartKind], marks: Marks) -> None:
    """Take over the containers of an HTML source: each marks the lines that begin inside it."""
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    quoted_to = 0
    for kind, start, end in marks:
        if end <= quoted_to and kind == "quoted":
            continue
        first = bisect_left(starts, start)
        if first and kind != "rest" and not lines[first - 1][: max(0, start - starts[first - 1])].strip():
            first -= 1
        if kind == "rest":
            if _headers(bare, first, 2):
                kinds[first:] = ["quoted"] * (len(kinds) - first)
            continue
        last = max(first, min(bisect_left(starts, end), len(kinds)))
        if kind == "quoted":
            quoted_to = max(quoted_to, end)
            kinds[first:last] = ["quoted"] * (last - first)
        else:
            kinds[first:last] = ["quoted" if old == "quoted" else "signature" for old in kinds[first:last]]


def _quote(bare: list[str], kinds: list[PartKind]) -> None:
    for index, line in enumerate(bare):
        if not line or kinds[index] != "body":
            continue
        if line[0] == ">":
            if not (_ARROW.match(line) and "<" in line):
                kinds[index] = "quoted"
            continue
        start = _head(bare, index, kinds)
        if start is None:
            continue
        following = next((i for i in range(index + 1, len(bare)) if bare[i]), None)
        if following is not None and (bare[following][0] == ">" or kinds[following] == "quoted"):
            kinds[start : index + 1] = ["quoted"] * (index + 1 - start)
        else:
            kinds[start:] = ["quoted"] * (len(bare) - start)
            return


def _head(bare: list[str], index: int, kinds: list[PartKind]) -> int | None:
    """Return the line where the head of a quotation begins that ends at `index`, None if there is none."""
    line = bare[index]
    if len(line) > _WIDTH:
        return None
    if line[-1] == ":":
        start = _attribution(bare, index, kinds)
        if start is not None:
            return start
    if line[0] in "-_=*—–" and len(line) > 6:
        if SEPARATOR.fullmatch(line) or (DASHED.fullmatch(line) and _labels_near(bare, index + 1)):
            return index
    elif len(line) < 60 and line[0] in FORWARD_LETTERS and fold(line.partition(" ")[0].rstrip(":")) in FORWARD_WORDS:
        return index if FORWARD.fullmatch(line) and _labels_near(bare, index + 1) else None
    if ":" in line[1:24] and _label(line) == "from" and _headers(bare, index, 3):
        return _above(bare, index)
    return None


def _attribution(bare: list[str], index: int, kinds: list[PartKind]) -> int | None:
    """« On ..., X wrote: » on one line, or wrapped over up to three; return its first line."""
    following = next((i for i in range(index + 1, len(bare)) if bare[i]), None)
    answered = following is not None and (bare[following][0] == ">" or kinds[following] == "quoted")
    joined = ""
    found = None
    for first in range(index, max(-1, index - 3), -1):
        if not bare[first] or bare[first][0] == ">" or len(joined) > _WIDTH:
            break
        joined = f"{bare[first]} {joined}".strip()
        if not (_OLD_GMAIL.match(joined) or (VERB.search(joined) and (answered or not SPOKEN.search(joined)))):
            continue
        begins = ATTRIBUTION_START.match(joined) is not None
        dated = _DATED.search(joined) is not None
        if begins and dated and not (first and _goes_on(bare[first - 1])):
            return first
        if found is None and (answered or (dated and (begins or _ADDRESS.search(joined)))):
            found = first
    return found


def _goes_on(above: str) -> bool:
    """Whether the line above is the beginning of a wrapped head: it begins like one and is dated itself."""
    return bool(above) and ATTRIBUTION_START.match(above) is not None and _DATED.search(above) is not None


def _label(line: str) -> str | None:
    """Return which header a line like « *Envoyé :* lundi » shows, None for other lines."""
    colon = line.find(":", 0, 24)
    if colon < 1:
        return None
    return LABELS.get(line[:colon].strip("*_ \t\xa0\u202f|").lower())


def _labels_near(bare: list[str], index: int) -> bool:
    return sum(_label(line.lstrip("> ")) is not None for line in bare[index : index + 5] if line) >= 1


def _headers(bare: list[str], index: int, wanted: int) -> bool:
    """Whether a block of headers begins at `index`: From, a subject or a sending date, and `wanted` different ones.

    Fewer or undated ones are a gift tag (« Von: Oma, An: Emma »), not a mail's head.
    """
    seen: set[str] = set()
    evidence = False
    strange = 0
    for line in bare[index : index + 16]:
        kind = _label(line) if line else None
        if kind is None:
            strange += bool(line)
            if strange > 3:
                break
            continue
        seen.add(kind)
        evidence = evidence or bool(_ADDRESS.search(line) or _DATED.search(line))
    return len(seen) >= wanted and "from" in seen and evidence and (wanted < 3 or bool(seen & {"subject", "sent"}))


def _above(bare: list[str], index: int) -> int:
    """Outlook's rule above its header block belongs to it."""
    first = index
    while first and not bare[first - 1]:
        first -= 1
    return first - 1 if first and _RULE.match(bare[first - 1]) else index


def _regions(lines: list[str], bare: list[str], kinds: list[PartKind]) -> tuple[Region, ...]:
    """Join lines of one kind; empty lines go with what stands above them."""
    regions: list[Region] = []
    begin = at = 0
    current: PartKind | None = None
    for line, content, kind in zip(lines, bare, kinds, strict=True):
        if content and kind != current:
            if current is not None:
                regions.append(Region(current, begin, at))
                begin = at
            current = kind
        at += len(line) + 1
    regions.append(Region(current or "body", begin, at - 1))
    return tuple(region for region in regions if region.end > region.start)
