"""What hostile texts cost, as a ratio to ordinary text of the same length (English messages of the corpus, joined).

Each text goes the whole way, as a record (`Message.of`) and as a mail (`Message.parse`), then `Filter.check`; HTML only
as a mail. The texts of one length, the ordinary one among them, are measured in turns. The worst comes first.

    bench_worst.py [WORD...]    only the texts whose name holds one of the words
"""

from __future__ import annotations

import contextlib
import random
import signal
import sys
from collections.abc import Iterator

from figures import in_turns, machine
from mails import _records

from engine import Filter, Message

MILLION = 1_000_000
ROUNDS = 3
MOST = 20  # times as much as ordinary text: no text should cost more
LONGEST = 60  # seconds; a text that takes longer is broken off, and its figure is this
HEAD = "From: <shop@seller.example>\nTo: <buyer@alias.example>\nSubject: Order 7\nMIME-Version: 1.0\n"
PART = "Content-Type: text/{}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"


def filled(unit: str, length: int = MILLION) -> str:
    """Return `unit` again and again, `length` characters."""
    return (unit * (length // len(unit) + 1))[:length]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each case."""
    draw = random.Random(1)
    marks = [chr(code) for code in range(0x300, 0x36F)]
    yield "one letter", filled("a")
    yield "digits", filled("7")
    yield "digits with blanks", filled("7 ")
    yield "digits with hyphens", filled("0-")
    yield "blanks", filled(" ")
    yield "line ends", filled("\n")
    yield "full stops", filled(".")
    yield "short sentences", filled("A. ")
    yield "quotation marks on one line", filled(">")
    yield "nested quotations", "".join(f"{'>' * (depth % 1400)} word\n" for depth in range(1400))[:MILLION]
    yield "lines of a quotation", filled("> word\n")
    yield "100,000 combining marks", "a" + filled("\u0301", 100_000)
    yield "100,000 mixed combining marks", "a" + "".join(draw.choices(marks, k=100_000))
    yield "a mark on each letter", filled("e\u0301", 100_000)
    yield "single letters", filled("a b c ")
    yield "single letters with full stops", filled("a.b.c.")
    yield "zero-width characters", filled("\u200b")
    yield "a zero-width character in each word", filled("a\u200bb ")
    yield "words of mixed script", filled("рауpal аvis ")
    yield "one word of mixed script", filled("рp")
    yield "letters and digits", filled("a1b2c3 ")
    yield "one word of letters and digits", filled("a1b2")
    yield "ligatures", filled("\ufdfa", 100_000)
    yield "opening brackets", filled("(")
    yield "@", filled("@")
    yield "addresses", filled("a@b.example ")
    yield "one address", filled("a@b.")
    yield "links", filled("http://a.example/ ")
    yield "one link", filled("http://")
    yield "dots and hosts", filled("www.a.")
    yield "signature lines", filled("-- \n")
    yield "underlines", filled("____\n")
    yield "headers of an answer", filled("From: a\nSent: b\nTo: c\n")
    yield "beginnings of an answer", filled("On Mon, a wrote ")
    yield "emoji", filled("\U0001f44d")
    yield "every character once", "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x20000)]))
    yield "one rule word", filled("review ")
    yield "stars", filled("leave us a five star review ")
    yield "negations", filled("not no never ")


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each case."""
    yield "10,000-deep HTML", "<div>" * 10_000 + "word" + "</div>" * 10_000
    yield "10,000-deep formatting", "<b><i>" * 5_000 + "word" + "<p>word" * 5_000
    yield "10,000-deep tables", "<table><tr><td>" * 10_000 + "word"
    yield "10,000-deep quotations", "<blockquote>" * 10_000 + "word"
    yield "opening angle brackets", filled("<")
    yield "empty links", filled("<a href='http://a.example'></a>")
    yield "entities", filled("&amp;")
    yield "unclosed comments", filled("<!-- ")
    yield "hidden spans", filled("<span style='display:none'>a</span>")
    yield "one tag of attributes", "<p " + filled("a=b ") + ">word</p>"


def ordinary(length: int) -> str:
    bodies = [record.body for record in _records()["en"]]
    random.Random(1).shuffle(bodies)
    return filled("\n\n".join(bodies) + "\n\n", length)


def ordinary_page(length: int) -> str:
    return "".join(f"<p>{line}</p>\n" for line in ordinary(length).split("\n\n"))[:length]


def mail(kind: str, text: str) -> bytes:
    return (HEAD + PART.format(kind) + text).encode()


def cases(words: list[str]) -> Iterator[tuple[str, str, int, str | bytes]]:
    """Yield of each case its name, how it comes, its length, and what is judged."""
    for name, text in texts():
        if not words or any(word in name for word in words):
            yield name, "record", len(text), text
            yield name, "mail", len(text), mail("plain", text)
    for name, page in pages():
        if not words or any(word in name for word in words):
            yield name, "html", len(page), mail("html", page)


def usual(how: str, length: int) -> str | bytes:
    """Return the ordinary message that comes in the same way and has the same length."""
    if how == "record":
        return ordinary(length)
    return mail("html", ordinary_page(length)) if how == "html" else mail("plain", ordinary(length))


def stop(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    print(machine())
    judge = Filter.load(model="off")

    def whole_way(given: str | bytes) -> None:
        signal.alarm(LONGEST)
        with contextlib.suppress(TimeoutError):
            judge.check(Message.of(body=given) if isinstance(given, str) else Message.parse(given))
        signal.alarm(0)

    signal.signal(signal.SIGALRM, stop)
    whole_way(ordinary(MILLION))  # warm: patterns are compiled when first needed
    groups: dict[tuple[str, int], list[tuple[str, str | bytes]]] = {}
    for name, how, length, given in cases(sys.argv[1:]):
        groups.setdefault((how, length), []).append((name, given))
    rows = []
    for (how, length), members in groups.items():
        (times,) = in_turns([whole_way], [usual(how, length), *(given for _, given in members)], ROUNDS)
        rows += [
            (taken / times[0], name, how, length, taken) for (name, _), taken in zip(members, times[1:], strict=True)
        ]
    print(f"{'text':<38}{'as':<7}{'characters':>11}{'ms':>9}{'ratio':>8}")
    for ratio, name, how, length, taken in sorted(rows, reverse=True):
        print(f"{name:<38}{how:<7}{length:>11,}{taken * 1e3:>9.1f}{ratio:>8.2f}{'  !' if ratio > MOST else ''}")


if __name__ == "__main__":
    main()
