"""Bodies, links and names -> the texts of a message, in their order and within the limits."""

from __future__ import annotations

from collections.abc import Iterable

from engine.message.limits import APART_TOTAL, TEXT_TOTAL
from engine.message.parts import Link, PartKind, Region, Text


def listing(entries: Iterable[tuple[PartKind, str]], source: str) -> Text:
    """Make a text of one entry a line; neighbours of one kind are one region."""
    lines: list[str] = []
    regions: list[Region] = []
    at = 0
    for kind, entry in entries:
        line = " ".join(entry.split())
        if not line or at + len(line) > APART_TOTAL:
            continue
        start, at = at, at + len(line) + 1
        lines.append(line)
        if regions and regions[-1].kind == kind:
            start = regions.pop().start
        regions.append(Region(kind, start, at))
    if regions:
        regions[-1] = Region(regions[-1].kind, regions[-1].start, at - 1)
    return Text(source, "\n".join(lines), tuple(regions))


def link_texts(links: Iterable[Link]) -> list[Text]:
    """Return the texts `link_text` (what links show, where it is not the address itself) and `link_target`."""
    shown: list[tuple[PartKind, str]] = []
    targets: list[tuple[PartKind, str]] = []
    for link in links:
        if link.text != link.target and link.part != "hidden":
            shown.append(("link_text" if link.part == "body" else link.part, link.text))
        targets.append(("link_target" if link.part == "body" else link.part, link.target))
    return [listing(shown, "text/html"), listing(targets, "text/html")]


def fair(texts: list[Text]) -> tuple[list[Text], bool]:
    """Cut displayed texts so that together they keep to the limit, and say whether anything was cut.

    Short ones stay whole; what is left is shared by the long ones, so that a huge alternative cannot push another out.
    """
    if sum(len(text.text) for text in texts) <= TEXT_TOTAL + len(texts):
        return texts, False
    left, waiting = TEXT_TOTAL, len(texts)
    result: dict[int, Text] = {}
    for index in sorted(range(len(texts)), key=lambda i: len(texts[i].text)):
        text = clip(texts[index], left // waiting)
        result[index] = text
        left, waiting = left - len(text.text), waiting - 1
    return [result[index] for index in range(len(texts))], True


def clip(text: Text, limit: int) -> Text:
    """Return a text of at most `limit` characters: three quarters from its beginning, one from its end."""
    if len(text.text) <= limit:
        return text
    head = max(0, limit * 3 // 4 - 1)
    tail = len(text.text) - (limit - head - 1)
    shift = head + 1 - tail
    kept = [(r.kind, r.start, head + 1 if r.end >= head else r.end) for r in text.regions if r.start < head]
    kept += [(r.kind, max(r.start, tail) + shift, r.end + shift) for r in text.regions if r.end > tail]
    regions: list[Region] = []
    for kind, start, end in kept:
        if regions and regions[-1].kind == kind:
            start = regions.pop().start
        regions.append(Region(kind, start, end))
    return Text(text.source, f"{text.text[:head]}\n{text.text[tail:]}", tuple(regions))
