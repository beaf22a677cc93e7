"""HTML that is made to hurt: bring a source within the limits before a parser sees it.

HTML parsers need quadratic time for deep nesting and for many attributes, and reopen unclosed formatting elements in
every paragraph. Ordinary mail passes unchanged.
"""

from __future__ import annotations

import re
from collections import Counter

from engine.message.limits import HTML_ATTRIBUTES, HTML_DEPTH, HTML_FORMATTING, HTML_HEAD, HTML_TAIL

_SMALL, _FEW_TAGS = 16 * 1024, 4000
_DATA_URI = re.compile(r"data:[\w/+.;=-]{0,100},[A-Za-z0-9+/=%\s]{200,}+")
# Attributes as the HTML standard cuts them; possessive, so that one pass over a source is linear.
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?)?"""
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|textarea|title|xmp|iframe|noembed|noframes)\b.*?(?:</\1|\Z)"
    rf"|<[a-z][^\s/>]*+(?:{_ATTRIBUTE})*+",
    re.I | re.S,
)
_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,40})")
_RAW = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "html", "head", "body"}
_VOID = {"br", "img", "hr", "input", "meta", "link", "col", "area", "base", "wbr", "source", "embed", "param", "track"}
_CLOSES_ITSELF = {"p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "colgroup"}
_FORMATTING = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
_BREAKS = {"div", "p", "table", "ul", "ol", "section", "article", "blockquote", "center", "h1", "h2", "h3"}


def guard(source: str) -> tuple[str, bool]:
    """Return an HTML source that a parser reads in bounded time, and whether text of it was left out."""
    cut = False
    if len(source) > _SMALL:
        if "data:" in source:
            source = _DATA_URI.sub("data:,", source)
        if len(source) > HTML_HEAD + HTML_TAIL:
            source, cut = f"{source[:HTML_HEAD]}\n{source[-HTML_TAIL:]}", True
        source = _TOKEN.sub(_fewer_attributes, source)
    if source.count("<") > _FEW_TAGS:
        source = _flatten(source)
    return source, cut


def _fewer_attributes(found: re.Match[str]) -> str:
    token = found[0]
    if len(token) < 2 * HTML_ATTRIBUTES or found[1] or token.startswith("<!"):
        return token
    for count, attribute in enumerate(_ATTRIBUTES.finditer(token), 1):
        if count > HTML_ATTRIBUTES:
            return token[: attribute.start()]
    return token


def _flatten(source: str) -> str:
    """Rename tags below the depth limit to ones that hold nothing: `<br` for blocks, `<wbr` for the rest."""
    lower = source.lower()
    # Inside SVG and MathML the elements that elsewhere close themselves nest like any other.
    foreign = "<svg" in lower or "<math" in lower
    free = _RAW if foreign else _RAW | _VOID | _CLOSES_ITSELF
    opened: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    depth = formatting = 0

    def rename(found: re.Match[str]) -> str:
        nonlocal depth, formatting
        name = found[2].lower()
        if name in free:
            return found[0]
        style = name in _FORMATTING
        if not found[1]:
            if depth >= HTML_DEPTH or (style and formatting >= HTML_FORMATTING):
                dropped[name] += 1
                return "<br" if name in _BREAKS else "<wbr"
            opened[name] += 1
            depth, formatting = depth + 1, formatting + style
        elif dropped[name]:
            dropped[name] -= 1
            return "<br" if name in _BREAKS else "<wbr"
        elif opened[name]:
            opened[name] -= 1
            depth, formatting = depth - 1, formatting - style
        return found[0]

    return _NAME.sub(rename, source)
