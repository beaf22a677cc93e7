"""HTML -> the text a person sees, the text a person does not see, links, remote images, and the clients' containers.

Blocks begin lines, table cells are separated by a blank, inline elements never split a word. Displayed: the `alt` text
of images (many clients load no remote image until asked, and show it instead) and the labels of buttons. Hidden: what
an inline style or attribute hides, `title` tips of more than one word, and text that a style sheet writes (`content:`).
Comments and Outlook's conditionals, scripts, templates and the page's title are seen by nobody and are dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from engine.message.containers import Container, container
from engine.message.htmlguard import guard
from engine.message.htmlstyle import GONE, INVISIBLE, PRE, SHADED, TINY, WHITE, Effect, colours, effect
from engine.message.htmlwriter import Writer
from engine.message.limits import HTML_NODES, MAX_LINKS

_CONTENT = re.compile(r"\bcontent\s*:\s*(?:\"([^\"\n]{2,})\"|'([^'\n]{2,})')")
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.I)
_CSS_URL = re.compile(r"url\(\s*[\"']?\s*((?:https?:)?//[^\"')\s]{1,2000})", re.I)
_PIXELS = re.compile(r"(?:^|;)(?:width|height):([\d.]+)px")
_LETTER = re.compile(r"[^\W\d_]")
_DROPPED = frozenset({"script", "template", "title", "noframes", "iframe", "noembed", "meta", "link"})
_BLOCKS = """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    form header hr head html legend li main nav ol option pre section select summary table tbody tfoot thead tr ul
    textarea xmp listing plaintext
"""
_LINES = (
    dict.fromkeys(_BLOCKS.split(), 1)
    | dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6"), 2)
    | dict.fromkeys(("td", "th", "button", "img", "input"), -1)
)
"""Line ends that an element makes before and after itself; -1: a blank."""
_LINKS = frozenset({"a", "area", "form"})
_THINGS = frozenset({"img", "input", "table", "td", "body", "div", "v:fill", "v:image"})
_KEEPS_LINES = frozenset({"pre", "textarea", "xmp", "listing", "plaintext"})
_HIDING = GONE | INVISIBLE | TINY
_INPUTS = frozenset({"submit", "button", "reset", "text", ""})


class HtmlLink(NamedTuple):
    """A link: where its text begins in the displayed text, the text, the target as written, whether it is hidden."""

    at: int
    text: str
    target: str
    hidden: bool


class Mark(NamedTuple):
    """A container's stretch of the displayed text."""

    kind: Container
    start: int
    end: int


@dataclass(slots=True)
class HtmlText:
    """What `read_html` found. `cut`: the source was longer than the limit."""

    text: str = ""
    hidden: str = ""
    marks: list[Mark] = field(default_factory=list)
    links: list[HtmlLink] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    pixels: list[str] = field(default_factory=list)
    cut: bool = False


def read_html(source: str) -> HtmlText:
    """Read an HTML source. Never raises; size, depth and attributes are bounded as `limits` says."""
    source, cut = guard(source)
    walk = _Walk(LexborHTMLParser(source.encode("utf-8", "replace")))
    result = walk.run()
    result.cut = result.cut or cut
    return result


_NOTHING = Effect()


class _Undo(NamedTuple):
    """What to undo when an element with attributes ends."""

    state: int
    link: tuple[int, int, str, bool] | None
    mark: tuple[Container, int] | None


_PLAIN = _Undo(0, None, None)


class _Walk:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self.root = tree.root
        self.shown = Writer()
        self.apart = Writer()
        self.state = 0
        self.hiding = _HIDING | WHITE
        self.result = HtmlText()
        self.written: list[str] = []

    def run(self) -> HtmlText:
        node: LexborNode | None = self.root
        stack: list[tuple[LexborNode | None, int, _Undo]] = []
        nodes = 0
        while node is not None or stack:
            if node is None:
                node, lines, undo = stack.pop()
                self._leave(lines, undo)
                continue
            nodes += 1
            tag = node.tag or ""
            if tag == "-text":
                writer = self._writer() if self.state else self.shown
                writer.write(node.text_content or "", bool(self.state & PRE))
            elif tag == "br":
                writer = self._writer()
                writer.breaks = min(2, writer.breaks + 1)
            elif tag == "style":
                self._sheet(node.text())
            elif tag != "-comment" and tag not in _DROPPED:
                stack.append((node.next, *self._enter(tag, node.attributes)))
                node = node.first_child
                continue
            if nodes > HTML_NODES:
                self.result.cut = True
                break
            node = node.next
        return self._finish()

    def _sheet(self, style: str) -> None:
        """A style sheet may put anything behind the text, so white proves nothing then; and it may write text."""
        if "background" in style:
            self.hiding = _HIDING
        self.written += [one or other for one, other in _CONTENT.findall(style)]

    def _writer(self) -> Writer:
        state = self.state
        if not state & self.hiding or (state & self.hiding == WHITE and state & SHADED):
            return self.shown
        return self.apart

    def _enter(self, tag: str, attributes: dict[str, str | None]) -> tuple[int, _Undo]:
        """Begin an element; return the line ends it makes (-1: it separates by a blank) and what to undo at its end."""
        lines = _LINES.get(tag, 0)
        if not attributes and tag not in _KEEPS_LINES:
            if lines > 0:
                self._break(lines)
            elif lines:
                self._writer().space = True
            return lines, _PLAIN if not self.state else _Undo(self.state, None, None)
        before = self.state
        if tag in _KEEPS_LINES:
            self.state |= PRE
        block = self._style(tag, attributes)
        if block is not None and lines >= 0:
            lines = (lines or 1) if block else 0
        if lines > 0:
            self._break(lines)
        elif lines:
            self._writer().space = True
        kind = container(tag, attributes)
        mark = (kind, self.shown.here) if kind else None
        link = self._link(tag, attributes) if tag in _LINKS else None
        if tag in _THINGS:
            self._things(tag, attributes)
        if "title" in attributes:
            self._title(attributes)
        return lines, _Undo(before, link, mark)

    def _break(self, lines: int) -> None:
        writer = self._writer() if self.state else self.shown
        if writer.breaks < lines:
            writer.breaks = lines
        if self.apart.breaks == 0:
            self.apart.breaks = 1

    def _style(self, tag: str, attributes: dict[str, str | None]) -> bool | None:
        style = attributes.get("style")
        found = effect(style) if style else _NOTHING
        color = attributes.get("color") if tag == "font" else None
        background = attributes.get("bgcolor") or ("image" if attributes.get("background") else None)
        state = self.state
        if color or background:
            old = colours(color, background)
            state = state & ~old.clears | old.sets
        state = state & ~found.clears | found.sets
        if "hidden" in attributes:
            state |= GONE
        if state != self.state and state & self.hiding:
            self.apart.breaks = max(self.apart.breaks, 1)
        self.state = state
        return found.block

    def _link(self, tag: str, attributes: dict[str, str | None]) -> tuple[int, int, str, bool] | None:
        target = attributes.get("action" if tag == "form" else "href")
        if not target or len(self.result.links) >= MAX_LINKS:
            return None
        writer = self._writer()
        hidden = writer is self.apart
        if tag == "area":
            alt = attributes.get("alt") or ""
            self.result.links.append(HtmlLink(self.shown.here, alt, target.strip(), hidden))
            return None
        return len(writer.out), self.shown.here, target.strip(), hidden

    def _things(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Images and buttons: their text is displayed, their remote addresses are listed."""
        if tag == "input":
            if (attributes.get("type") or "").lower() in _INPUTS:
                self._writer().write(attributes.get("value") or attributes.get("placeholder") or "", False)
            return
        source = attributes.get("src") or attributes.get("background") or ""
        if source and _REMOTE.match(source):
            self._image(source.strip(), attributes if tag == "img" else {})
        elif "url(" in (style := attributes.get("style") or ""):
            for address in _CSS_URL.findall(style):
                self._image(address, {})
        if tag == "img":
            alt = attributes.get("alt")
            if alt and _LETTER.search(alt):
                self._writer().write(alt, False)
                self._writer().space = True

    def _image(self, source: str, attributes: dict[str, str | None]) -> None:
        if len(self.result.images) >= MAX_LINKS:
            return
        self.result.images.append(source)
        sizes = [attributes.get("width"), attributes.get("height")]
        style = (attributes.get("style") or "").lower().replace(" ", "")
        sizes += _PIXELS.findall(style)
        small = [size for size in sizes if size and size.strip().removesuffix("px") in ("0", "1", "2")]
        if len(small) >= 2 or (attributes and self._writer() is self.apart) or "display:none" in style:
            self.result.pixels.append(source)

    def _title(self, attributes: dict[str, str | None]) -> None:
        title = attributes.get("title")
        if title and " " in title.strip() and title != attributes.get("alt"):
            self.apart.breaks = max(self.apart.breaks, 1)
            self.apart.write(title, False)
            self.apart.breaks = 1

    def _leave(self, lines: int, undo: _Undo) -> None:
        if undo.link:
            first, at, target, hidden = undo.link
            text = "".join((self.apart if hidden else self.shown).out[first:]).strip()
            self.result.links.append(HtmlLink(at, text, target, hidden))
        if undo.mark:
            kind, start = undo.mark
            self.result.marks.append(Mark(kind, start, self.shown.length))
        if lines > 0:
            self._break(lines)
        elif lines:
            self._writer().space = True
        self.state = undo.state

    def _finish(self) -> HtmlText:
        result = self.result
        result.text = "".join(self.shown.out)
        hidden = ["".join(self.apart.out), *(text for text in self.written if _LETTER.search(text))]
        result.hidden = "\n".join(text for text in hidden if text.strip())
        result.marks.sort(key=lambda mark: (mark.start, -mark.end))
        return result
