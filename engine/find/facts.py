"""Facts of a message: what a rule may ask besides its words.

Each fact is one function of the reading, named in `FACTS` with its type and meaning; `rules/README.md` shows this table.
A fact's value is a truth, a number or a list of strings; spans point to the words behind it where there are any.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import re2

from engine.find.literals import spans
from engine.message.parts import Link, Span
from engine.rulebook.plan import FactFind
from engine.text.reading import Reading, Segment

FactType = Literal["truth", "number", "texts"]
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FactValue:
    """What a fact is in one message, and the words that show it."""

    value: bool | float | tuple[str, ...]
    spans: Spans = ()


NOTHING = FactValue(())


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact's type, its meaning for people, and how it is read off."""

    type: FactType
    meaning: str
    of: Callable[[Reading], FactValue]


# A run of digits and what parts them, found in one pass; `_is_phone` then looks at its groups.
_PHONE = re.compile(r"(?<![\w./-])[+(]?\d[\d .\-/()]{5,40}\d(?![\w-])")
_EMAIL = re.compile(r"[\w.+-]{1,64}(?:@|\s?[(\[{]\s?(?:at|arobase|chez|ät|kropka|snabel-a|małpa|apenstaartje|arroba|chiocciola)\s?[)\]}]\s?)[\w-]+(?:(?:\.|\s?[(\[{]\s?(?:dot|point|punkt|punto|punt|kropka)\s?[)\]}]\s?)[\w-]+)+", re.I)  # fmt: skip # noqa: E501
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:com|net|org|eu|shop|store|info|io|fr|de|it|es|nl|pl|se|be|co\.uk|uk|at|ch|example|me|app)(?:/[^\s<>\"')\]]*)?(?![\w@])", re.I)  # fmt: skip # noqa: E501
_DATE_OR_ORDER = re.compile(
    r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$|^\d{3}-\d{7}-\d{7}$|^\d{1,2}[.:h]\d{2}\s?-\s?\d{1,2}[.:h]\d{2}$"
)
# What RE2 rejects most texts by, ten times faster than the patterns above.
_MAYBE_EMAIL = re2.compile(rb"@|[(\[{]\s?(?:at|ar|chez|kr|sn|ma|ap|ch)")
_MAYBE_PHONE = re2.compile(rb"[0-9][0-9 .\-/()]{5,}[0-9]")
_MAYBE_URL = re2.compile(rb"://|www\.|[a-z0-9]\.[a-z]{2}")
_MAYBE_PUNCTUATION = re2.compile(rb"!!!|\?\?\?")
_PUNCTUATION = re.compile(r"([!?])\1{2,}")
_NEW_TEXT = ("subject", "body")


def _found(
    reading: Reading, pattern: re.Pattern[str], maybe: Any, keep: Callable[[str], bool] = lambda text: True
) -> FactValue:
    """Values and places of a pattern in the new text (subject and body, original spelling).

    Only segments are searched in whose folded text `maybe` matches; all when it is None.
    """
    found = [
        reading.span(match.start(), match.end())
        for segment in (reading.segments if maybe is None else _segments(reading, maybe))
        if segment.part in _NEW_TEXT
        for match in pattern.finditer(reading.original, segment.start, segment.end)
        if keep(match.group())
    ]
    return FactValue(tuple(span.text for span in found), tuple(found)) if found else NOTHING


def _segments(reading: Reading, maybe: Any) -> list[Segment]:
    """The segments in whose folded text a pattern matches, in order."""
    starts = reading.folded_starts
    indices: set[int] = set()
    for start, end in spans(maybe, reading.plain, 0, len(reading.plain)):
        indices.update(range(max(bisect_right(starts, start) - 1, 0), bisect_right(starts, end - 1)))
    return [reading.segments[index] for index in sorted(indices)]


def _is_phone(text: str) -> bool:
    groups = re.findall(r"\d+", text)
    digits = sum(map(len, groups))
    parted = len(groups) > 1 and max(map(len, groups)) <= 5
    return 8 <= digits <= 15 and not _DATE_OR_ORDER.match(text.strip()) and (text[0] in "+0(" or parted)


def _phone(reading: Reading) -> FactValue:
    if len(reading.plain) - len(reading.plain.translate(None, b"0123456789")) < 8:
        return NOTHING
    # Folding keeps ASCII digits and what parts them; only where other digits may stand the quick look proves nothing.
    return _found(reading, _PHONE, None if b"\x7f" in reading.plain else _MAYBE_PHONE, _is_phone)


def _email(reading: Reading) -> FactValue:
    return _found(reading, _EMAIL, _MAYBE_EMAIL)


def _links(reading: Reading) -> FactValue:
    """Links of signature and quotation are left out: most sellers' signatures lead to their shop."""
    written = _found(reading, _URL, _MAYBE_URL)
    hosts = [link.host for link in _own_links(reading) if link.host]
    hosts += [_host(text) for text in written.value] if isinstance(written.value, tuple) else []
    return FactValue(tuple(dict.fromkeys(hosts)), written.spans)


def _host(url: str) -> str:
    return re.sub(r"^[a-z]+://", "", url.lower()).split("/")[0].split("?")[0].strip(".").removeprefix("www.")


def _own_links(reading: Reading) -> list[Link]:
    return [link for link in reading.message.links if link.part not in ("quoted", "signature")]


def _misleading_links(reading: Reading) -> FactValue:
    """Links whose shown text is an address of another host than their target."""
    wrong = []
    for link in _own_links(reading):
        shown = _URL.search(link.text)
        if shown and link.host and not _same_host(_host(shown.group()), link.host):
            wrong.append(f"{link.text.strip()} -> {link.host}")
    return FactValue(tuple(wrong))


def _same_host(one: str, other: str) -> bool:
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _spans_of_part(reading: Reading, part: str) -> Iterator[Span]:
    for segment in reading.segments:
        if segment.part == part:
            yield reading.span(segment.start, segment.end)


def _hidden_text(reading: Reading) -> FactValue:
    hidden = tuple(_spans_of_part(reading, "hidden"))
    text = " ".join(span.text for span in hidden)
    return FactValue((text,) if text else (), hidden)


def _new_text(reading: Reading) -> str:
    return " ".join(reading.original[s.start : s.end] for s in reading.segments if s.part in _NEW_TEXT)


_CAPITALS = bytes(code for code in range(256) if chr(code).isupper())
_NO_LETTERS = bytes(code for code in range(256) if not chr(code).isalpha())


def _caps_ratio(reading: Reading) -> FactValue:
    # Counted on Latin-1 bytes, which is a hundred times faster; the few letters beyond it change no ratio that matters.
    letters = _new_text(reading).encode("latin-1", "ignore").translate(None, _NO_LETTERS)
    capitals = len(letters) - len(letters.translate(None, _CAPITALS))
    return FactValue(capitals / len(letters) if len(letters) >= 12 else 0.0)


def _emoji(reading: Reading) -> FactValue:
    return FactValue(float(sum(unicodedata.category(char) == "So" for char in _new_text(reading) if char > "\u2190")))


def _words(reading: Reading) -> FactValue:
    return FactValue(float(len(_new_text(reading).split())))


def _exclamations(reading: Reading) -> FactValue:
    return _found(reading, _PUNCTUATION, _MAYBE_PUNCTUATION)


def _attachments(reading: Reading) -> FactValue:
    return FactValue(
        tuple(a.name for a in reading.message.attachments), tuple(_spans_of_part(reading, "attachment_name"))
    )


def _subject_tag(reading: Reading) -> FactValue:
    match = re.match(r"\s*[\[［【]([^\]］】]{2,30})[\]］】]", reading.message.subject)
    return FactValue((match.group(1),) if match else ())


FACTS: dict[str, Fact] = {
    "links": Fact("texts", "hosts of the links and of the addresses written out in subject and body", _links),
    "misleading_links": Fact("texts", "links that show an address of another host than their target", _misleading_links),
    "phone": Fact("texts", "telephone numbers written in digits in subject and body", _phone),
    "email_address": Fact("texts", "e-mail addresses in subject and body, `(at)` and its like included", _email),
    "hidden_text": Fact("texts", "text that the reader does not see, as one string", _hidden_text),
    "tracking_pixels": Fact(
        "texts", "addresses of remote images that nobody is meant to see", lambda r: FactValue(r.message.tracking_pixels)
    ),
    "remote_images": Fact("texts", "addresses of images that are loaded from the net", lambda r: FactValue(r.message.remote_images)),
    "attachments": Fact("texts", "names of the attached files", _attachments),
    "attachment_types": Fact("texts", "media types of the attached files, by content", lambda r: FactValue(tuple(a.sniffed for a in r.message.attachments))),  # noqa: E501
    "subject_tag": Fact("texts", "the tag in brackets that begins the subject, without the brackets", _subject_tag),
    "caps_ratio": Fact("number", "share of capitals among the letters of subject and body (0 below 12 letters)", _caps_ratio),
    "emoji": Fact("number", "number of emoji and pictographs in subject and body", _emoji),
    "words": Fact("number", "number of words in subject and body", _words),
    "exclamations": Fact("texts", "runs of three or more exclamation or question marks", _exclamations),
    "in_reply": Fact("truth", "the buyer wrote first (given by the caller)", lambda r: FactValue(r.message.in_reply)),
    "language": Fact("texts", "the language of the message", lambda r: FactValue((r.language.code,))),
    "defects": Fact("texts", "what was wrong with the mail's form (see the reader)", lambda r: FactValue(r.message.defects)),
}  # fmt: skip


class Facts:
    """The facts of one reading, each worked out at most once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._values: dict[str, FactValue] = {}

    def value(self, name: str) -> FactValue:
        if name not in self._values:
            self._values[name] = FACTS[name].of(self._reading)
        return self._values[name]

    def holds(self, find: FactFind) -> bool:
        """Whether the fact meets the find's condition."""
        value = self.value(find.fact).value
        if isinstance(value, bool):
            return value
        if isinstance(value, float):
            return _in_bounds(value, find)
        texts = value
        if find.host_not_in is not None:
            texts = tuple(host for host in texts if not _listed(host, find.host_not_in))
        if find.matches is not None:
            texts = tuple(text for text in texts if re2.search(find.matches, text))
        if find.longer_than is not None:
            texts = tuple(text for text in texts if len(text) > find.longer_than)
        if find.above is not None or find.below is not None:
            return _in_bounds(float(len(texts)), find)
        return bool(texts)


def _in_bounds(value: float, find: FactFind) -> bool:
    if find.above is None and find.below is None:
        return value > 0
    return (find.above is None or value > find.above) and (find.below is None or value < find.below)


def _listed(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith("." + known) for known in hosts)
