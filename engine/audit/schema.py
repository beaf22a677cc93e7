"""The columns of an audit's results: one row a message, one row a finding. Every column has its description in its metadata.

`VERSION` rises when a column changes its meaning, its type or its name, or goes; readers refuse a newer one.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from engine.decide.words import CONTEXT_WORDS

VERSION = 1

_TEXT, _WORDS = pa.string(), pa.list_(pa.string())
_CONTEXT = tuple((name, _TEXT, f"the context's {name}: {', '.join(words)}") for name, words in CONTEXT_WORDS.items())

_MESSAGE_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("number", pa.int64(), "place in the corpus, from 0; names the message in both tables"),
    ("id", _TEXT, "the id that the corpus gives, else where the message stands; need not be unique"),
    ("where", _TEXT, "file, or file:line"),
    ("error", _TEXT, "why the message could not be judged; null: it was"),
    ("message", _TEXT, "digest of the message"),
    ("size", pa.int64(), "bytes of a mail, characters of a record's subject and body"),
    ("date", pa.timestamp("ms", "UTC"), "the Date header or the record's `date`"),
    ("seller", _TEXT, "address of the seller, or the record's `seller`; buyers' addresses are not kept"),
    ("direction", _TEXT, "out: from a seller to a buyer, judged; in: from a buyer; other: neither"),
    ("verdict", _TEXT, "allow, block, bounce, defer, not_judged; null with an error"),
    ("by", _TEXT, "how a bounce is told: notice or smtp_reject"),
    ("smtp", _TEXT, "the SMTP reply"),
    ("row", _TEXT, "row of the verdict table"),
    ("reason", _TEXT, "reason of the verdict"),
    ("flags", _WORDS, "flags of the decision"),
    ("content", _TEXT, "content of the message; null where it is nobody's business"),
    ("content_row", _TEXT, "row of the content table"),
    ("critical", _TEXT, "present, possible or absent: whether it asks for what the order needs"),
    ("intents", _WORDS, "labels that are present, surest first"),
    ("possible", _WORDS, "labels that are only possible, surest first"),
    ("language", _TEXT, "language of the message; und: not known"),
    ("language_confidence", pa.float64(), "0 to 1"),
    ("in_reply", pa.bool_(), "the buyer wrote first"),
    *_CONTEXT,
    ("assumed", _WORDS, "words of the context that nobody gave"),
    ("rests_on", _WORDS, "assumed words, recipient and sender apart, of which another would have given another verdict"),
    ("decision", _TEXT, "id of the decision: the same ground gives the same id"),
    ("labels", _WORDS, "intents that people gave the message; null: none"),
)  # fmt: skip

_SPAN = pa.struct(
    [
        pa.field("part", _TEXT, metadata={"description": "kind of part, such as body or signature"}),
        pa.field("source", _TEXT, metadata={"description": "the text that offsets count in, such as text/plain"}),
        pa.field("start", pa.int64(), metadata={"description": "first character"}),
        pa.field("end", pa.int64(), metadata={"description": "character after the last"}),
        pa.field("before", _TEXT, metadata={"description": "text before the words; null with --no-text"}),
        pa.field("text", _TEXT, metadata={"description": "the words; null with --no-text"}),
        pa.field("after", _TEXT, metadata={"description": "text after the words; null with --no-text"}),
    ]
)

_FINDING_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("number", pa.int64(), "the message's number"),
    ("finding", pa.int32(), "place among the message's findings, from 0"),
    ("by", _TEXT, "rule:<id> or model:<version>"),
    ("title", _TEXT, "the rule's explanation or title"),
    ("label", _TEXT, "intent or intent.kind; null: the rule raises a flag"),
    ("class", _TEXT, "class of the label: critical, solicit, info, legal_notice, neutral; null where set aside"),
    ("flag", _TEXT, "the flag raised; null: the finding is about a label"),
    ("state", _TEXT, "state of the label: present, possible, absent; null where set aside"),
    ("score", pa.float64(), "score of the label, all evidence together, 0 to 1"),
    ("threshold", pa.float64(), "score from which the label is present"),
    ("strength", _TEXT, "certain, strong, weak, against; null for the model"),
    ("log_odds", pa.float64(), "what the finding added; null for a certain rule"),
    ("aside", _TEXT, "why it does not count: quotation, signature, shadow, warn; null: it counts"),
    ("spans", pa.list_(_SPAN), "the words that show it"),
)  # fmt: skip


def _schema(columns: tuple[tuple[str, Any, str], ...]) -> Any:
    fields = [pa.field(name, kind, metadata={"description": text}) for name, kind, text in columns]
    return pa.schema(fields, metadata={"tamis.schema": str(VERSION)})


MESSAGES = _schema(_MESSAGE_COLUMNS)
FINDINGS = _schema(_FINDING_COLUMNS)
