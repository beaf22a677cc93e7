"""What buyers wrote inside a corpus, kept on disk: the proof that a seller's message answers one of them (R-22 to R-24).

The words of proof are those of the relay: `thread` when In-Reply-To or References name a message that this buyer wrote to
this seller, `original` when the quotation holds that message's words. What is not in the corpus proves nothing, and
nothing is held against a message for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.audit.direction import Way
from engine.context.messages import is_auto
from engine.context.quotation import Written, quotes, written
from engine.context.threads import claims_of, ref_of
from engine.message.parts import Message

_MOST_COMPARED = 50  # messages of a pair, the last in the corpus, that a quotation is compared with
_TABLES = """
create table if not exists part (number integer primary key, digest text not null);
create table if not exists ref (pair blob, ref blob, primary key (pair, ref)) without rowid;
create table if not exists words (pair blob, number integer, written blob, primary key (pair, number)) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Wrote:
    """What a buyer's message gives as evidence: its number, its pairs, the digest of its Message-ID, its words packed."""

    number: int
    pairs: tuple[bytes, ...]
    ref: bytes | None
    written: bytes


def evidence_of(number: int, message: Message, way: Way) -> Wrote | None:
    """Return what a message gives as evidence: nothing unless a person wrote it to a seller."""
    if way.direction != "in" or not way.pairs or is_auto(message):
        return None
    named = message.header("Message-ID")
    return Wrote(number, way.pairs, ref_of(named) if named else None, written(message).pack())


class Evidence:
    """The evidence of a corpus in a file. One process writes it, part by part; then any number read it."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Open `path`; `write` makes it when it is missing. Raises sqlite3.Error."""
        mode = "rwc" if write else "ro&immutable=1"
        self._base = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        if write:
            self._base.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def digest_of(self, part: int) -> str | None:
        """Return the digest of a part that was gathered already, else None."""
        row = self._base.execute("select digest from part where number = ?", (part,)).fetchone()
        return str(row[0]) if row else None

    def add(self, part: int, digest: str, found: Iterable[Wrote]) -> None:
        """Keep what a part gave, all of it or nothing."""
        refs, words = [], []
        for wrote in found:
            for pair in wrote.pairs:
                words.append((pair, wrote.number, wrote.written))
                if wrote.ref is not None:
                    refs.append((pair, wrote.ref))
        self._base.execute("begin")
        self._base.executemany("insert or ignore into ref values (?, ?)", refs)
        self._base.executemany("insert or replace into words values (?, ?, ?)", words)
        self._base.execute("insert into part values (?, ?)", (part, digest))
        self._base.execute("commit")

    def reply(self, message: Message, way: Way) -> str:
        """Return the context's word for a seller's message: none, thread, original_only, thread+original."""
        claims = claims_of(message)
        by_id = any(self._has(pair, ref) for pair in way.pairs for ref in claims.refs)
        by_words = bool(claims.quoted) and any(
            quotes(claims.quoted, original) for pair in way.pairs for original in self._words(pair)
        )
        word = {(True, True): "thread+original", (True, False): "thread", (False, True): "original_only"}
        return word.get((by_id, by_words), "none")

    def _has(self, pair: bytes, ref: bytes) -> bool:
        asked = "select 1 from ref where pair = ? and ref = ?"
        return self._base.execute(asked, (pair, ref)).fetchone() is not None

    def _words(self, pair: bytes) -> Iterable[Written]:
        asked = "select written from words where pair = ? order by number desc limit ?"
        return (Written.unpack(row[0]) for row in self._base.execute(asked, (pair, _MOST_COMPARED)))
