"""A displayed alternative -> a body: text, regions and links; and which alternatives say the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.message.html import HtmlLink, HtmlText
from engine.message.limits import MAX_LINKS, TEXT_HEAD, TEXT_TAIL, TEXT_TOTAL
from engine.message.links import host_of, written_addresses
from engine.message.parts import Link, PartKind, Region, Text
from engine.message.quotation import cut

# How plain alternatives show links and images: « shop <https://...> », « [image: logo] », « [cid:...] ».
_DECORATION = re.compile(r"[<\[(](?:https?:|mailto:|tel:|cid:|www\.)[^\s>\])]*[>\])]|\[image: ?([^\]\n]*)\]", re.I)
_UNSAID = b" \t\n>*_=|#-"


@dataclass(frozen=True, slots=True)
class Body:
    """One displayed text with its links. `truncated`: it was longer than the limit and lost its middle."""

    text: Text
    links: tuple[Link, ...] = ()
    truncated: bool = False


@dataclass(slots=True)
class Seen:
    """Links already listed, by target and shown text, so that the second alternative does not count them again."""

    targets: set[str] = field(default_factory=set)
    links: list[Link] = field(default_factory=list)

    def add(self, link: Link) -> None:
        key = link.target.lower().rpartition("://")[2].rstrip("/")
        if key not in self.targets and len(self.links) < MAX_LINKS:
            self.targets.add(key)
            self.links.append(link)


def plain_body(source: str, text: str) -> Body:
    """Make a body of a plain text (line ends are `\\n`)."""
    text, truncated = shorten(text.strip("\n"))
    return text_body(source, text, truncated)


def text_body(source: str, text: str, truncated: bool = False) -> Body:
    """Make a body of a text exactly as it is."""
    regions = cut(text)
    return Body(Text(source, text, regions), _written(text, regions), truncated)


def html_body(source: str, html: HtmlText, plain: list[Body]) -> Body:
    """Make a body of a read HTML source. When it says word for word what a plain body says, its text is that body's."""
    text, truncated = shorten(html.text)
    said = _said(text)
    twin = None if html.marks else next((body.text for body in plain if _said(body.text.text) == said), None)
    if twin is not None:
        kinds = [_kind_in_twin(twin, len(_said(text[: link.at]))) for link in html.links]
        links = [_link(link, kind) for link, kind in zip(html.links, kinds, strict=True)]
        return Body(twin, tuple(links), truncated or html.cut)
    regions = cut(text, html.marks if not truncated else [mark for mark in html.marks if mark.end <= TEXT_HEAD])
    links = [_link(link, _kind_at(regions, link.at)) for link in html.links]
    shown = {word.lower() for link in links for word in (link.text, link.target)}
    written = (link for link in _written(text, regions) if link.text.lower() not in shown)
    return Body(Text(source, text, regions), (*links, *written), truncated or html.cut)


def _link(link: HtmlLink, kind: PartKind) -> Link:
    return Link(" ".join(link.text.split()), link.target, host_of(link.target), "hidden" if link.hidden else kind)


def _kind_in_twin(twin: Text, said: int) -> PartKind:
    """The kind of the region that holds the character after `said` ones, blanks and marks not counted."""
    for region in twin.regions:
        said -= len(_said(twin.text[region.start : region.end]))
        if said < 0:
            return region.kind
    return twin.regions[-1].kind


def shorten(text: str, head: int = TEXT_HEAD, tail: int = TEXT_TAIL) -> tuple[str, bool]:
    """Return `text`, or its first `head` and last `tail` characters when it is longer than both."""
    if len(text) <= TEXT_TOTAL and len(text) <= head + tail:
        return text, False
    return f"{text[:head]}\n{text[len(text) - tail :]}", True


def _written(text: str, regions: tuple[Region, ...]) -> tuple[Link, ...]:
    return tuple(Link(shown, shown, host, _kind_at(regions, at)) for at, shown, host in written_addresses(text))


def _kind_at(regions: tuple[Region, ...], at: int) -> PartKind:
    return next((region.kind for region in regions if region.start <= at < region.end), "body")


def same_words(one: str, other: str) -> bool:
    """Whether two alternatives say the same, apart from white space, quoting marks and the way links are shown."""
    if _said(one) == _said(other):
        return True
    bare_one, bare_other = _DECORATION.sub(r"\1", one), _DECORATION.sub(r"\1", other)
    return _said(bare_one) == _said(bare_other)


def _said(text: str) -> bytes:
    return text.encode("utf-8", "replace").translate(None, _UNSAID).replace(b"\xc2\xa0", b"")


def distinct(plain: list[Body], html: list[Body]) -> list[Text]:
    """Return the texts to judge: an HTML alternative that says what a plain one says is left out.

    The plain text stays, as the clearer one, unless only the HTML shows what is quoted or signed.
    """
    kept = [body.text for body in plain]
    for body in html:
        if any(body.text is text for text in kept):
            continue
        twin = next((at for at, text in enumerate(kept) if same_words(text.text, body.text.text)), None)
        if twin is None:
            kept.append(body.text)
        elif len(kept[twin].regions) == 1 and len(body.text.regions) > 1 and kept[twin].source != body.text.source:
            kept[twin] = body.text
    return kept
