"""The mbox splitter and the .jsonl reader on anything at all: nothing raises, nothing is lost."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit.corpora import Entry, entries

FROM = b"From a@shop.example Fri Jul  8 12:08:34 2011\n"
LINES = st.one_of(
    st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")),
    st.sampled_from([b"", b"\r", b"From here", FROM[:-1], b">" + FROM[:-1], b">>From x", b"Subject: x"]),
)
ENDS = st.sampled_from([b"\n", b"\r\n"])
TEXTS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda lines: b"".join(a + b for a, b in lines))


def read(content: bytes, format: str, reader: type[io.BytesIO] = io.BytesIO) -> Iterator[Entry]:
    return entries(["-"], format=format, stdin=reader(content))


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_what_was_written_as_mboxrd_is_read_back(mails: list[bytes]) -> None:
    quoted = [re.sub(rb"^(>*From )", rb">\1", mail, flags=re.M) for mail in mails]
    found = list(read(b"".join(FROM + mail + b"\n" for mail in quoted), "mbox"))
    assert [entry.raw for entry in found] == [mail or b"\n" for mail in mails]
    assert [entry.id for entry in found] == [f"-#{number}" for number in range(1, len(mails) + 1)]


@settings(deadline=None)
@given(st.one_of(TEXTS, st.binary(max_size=300)), st.booleans())
def test_any_bytes_as_mbox_give_entries_and_never_more_text_than_there_was(content: bytes, opened: bool) -> None:
    content = FROM + content if opened else content
    found = list(read(content, "mbox"))
    assert found
    assert sum(len(entry.raw or b"") for entry in found) <= len(content)
    assert not opened or all(entry.raw is not None for entry in found)


@settings(deadline=None)
@given(st.lists(st.one_of(LINES, st.dictionaries(st.text(), st.text()).map(lambda d: json.dumps(d).encode()))))
def test_any_lines_as_jsonl_give_one_entry_for_each_that_is_not_blank(lines: list[bytes]) -> None:
    content = b"\n".join([b'{"body": ""}', *lines])
    found = list(read(content, "jsonl"))
    assert len(found) == 1 + sum(1 for line in lines if line.strip())


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["id", "subject", "body", "lang", "in_reply", "headers", "context"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.text(),
            st.lists(st.text()),
            st.dictionaries(st.text(), st.text()),
        ),
    )
)
def test_any_fields_give_a_record_or_an_error_that_can_be_printed(fields: dict[str, object]) -> None:
    (entry,) = read(json.dumps(fields).encode(), "jsonl")
    assert (entry.record is None) != (entry.error is None)
    (entry.error or entry.id).encode()
