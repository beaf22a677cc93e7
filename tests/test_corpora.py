"""The readers of corpora: every format from real files, in order, with every fault reported and nothing raised."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path

import pytest

from engine.audit.corpora import FORMATS, Entry, entries
from engine.audit.entry import LIMIT
from engine.errors import UsageError

MAIL = b"From: a@shop.example\nSubject: Hello\n\nYour order\n"
FROM = b"From a@shop.example Fri Jul  8 12:08:34 2011\n"
CORPUS = Path(__file__).parent.parent / "models" / "corpus"


def read(*paths: str | Path, format: str | None = None, stdin: bytes = b"") -> list[Entry]:
    found = list(entries([str(path) for path in paths], format=format, stdin=io.BytesIO(stdin)))
    for entry in found:
        assert [entry.raw, entry.record, entry.error].count(None) == 2, "exactly one of the three is set"
    return found


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def error_of(path: str | Path, **options: str) -> str:
    (entry,) = read(path, **options)
    assert entry.error is not None
    return entry.error


# --- single mails -----------------------------------------------------------------------------------------------------


def test_an_eml_file_is_one_mail_with_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "in" / "one.EML", MAIL)
    monkeypatch.chdir(tmp_path)
    assert read("in/one.EML") == [Entry("in/one.EML", "in/one.EML", raw=MAIL)]


def test_standard_input_is_a_mail_unless_a_format_is_given() -> None:
    assert read("-", stdin=MAIL) == [Entry("-", "-", raw=MAIL)]
    (entry,) = read("-", format="mbox", stdin=FROM + MAIL)
    assert (entry.id, entry.raw) == ("-#1", MAIL)
    (entry,) = read("-", format="jsonl", stdin=b'{"body": "x"}')
    assert entry.id == "-:1"
    (entry,) = read("-", format="csv", stdin=b"id,subject,body\n7,s,b\n")
    assert entry.id == "7"


def test_an_unknown_format_is_a_usage_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="jsonl, csv, mbox"):
        entries(["-"], format="xml", stdin=io.BytesIO())
    assert FORMATS == ("jsonl", "csv", "mbox")


@pytest.mark.parametrize("content", [b"", b"\r\n \n"])
@pytest.mark.parametrize("name", ["m.eml", "m.mbox", "m.jsonl", "m.csv", "m.txt"])
def test_an_empty_file_is_reported_with_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = put(tmp_path / name, content)
    assert error_of(path).startswith(str(path))


@pytest.mark.parametrize("name", ["m.eml", "m.jsonl", "m.csv", "m.bin"])
@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04\x14\0", bytes(range(256))])
def test_binary_data_is_reported_and_not_judged(tmp_path: Path, name: str, head: bytes) -> None:
    assert "binary data" in error_of(put(tmp_path / name, head * 20))


@pytest.mark.parametrize("name", ["m.eml", "m.jsonl", "m.csv"])
def test_utf16_is_named_as_such(tmp_path: Path, name: str) -> None:
    assert "UTF-16" in error_of(put(tmp_path / name, "id;subject;body\n1;a;b\n".encode("utf-16")))


def test_a_mail_with_nul_bytes_is_still_a_mail(tmp_path: Path) -> None:
    (entry,) = read(put(tmp_path / "m.eml", MAIL + b"\0" * 500))
    assert entry.error is None


def test_a_mail_over_the_limit_is_reported(tmp_path: Path) -> None:
    path = put(tmp_path / "m.eml", MAIL)
    os.truncate(path, LIMIT + 1)
    assert f"at most {LIMIT:,}" in error_of(path)


def test_a_missing_path_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = put(tmp_path / "m.eml", MAIL)
    missing, mail = read(tmp_path / "none.eml", path)
    assert missing.error is not None
    assert missing.error == f"{tmp_path}/none.eml: No such file or directory; check the path"
    assert mail.raw == MAIL


def test_no_permission_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "folder" / "m.eml", MAIL)
    if os.geteuid() == 0:  # root may read everything, so the refusal must be made
        monkeypatch.setattr("builtins.open", _refuse)
    path.chmod(0)
    assert error_of(path).endswith("Permission denied; check that you may read it")
    assert "Permission denied" in error_of(path.parent)


def test_a_folder_without_permission_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr("os.listdir", _refuse)
    assert "Permission denied" in error_of(tmp_path / "closed")


def _refuse(path: str, *_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", path)


def test_a_pipe_as_a_named_file_is_looked_into_and_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes((FROM + MAIL + b"\n") * 2))
    writer.start()
    found = read(path)
    writer.join()
    assert [entry.raw for entry in found] == [MAIL, MAIL]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (FROM + MAIL, "mbox"),
        (b'\xef\xbb\xbf {"id": "a", "body": "x"}\n', "jsonl"),
        (MAIL, "mail"),
        (b"Just words, no header at all\n", "mail"),
        (b"From here on, all is well: see you\n\nMAIL\n", "mail"),
    ],
)
def test_a_named_file_of_unknown_extension_is_looked_into(tmp_path: Path, content: bytes, kind: str) -> None:
    (entry,) = read(put(tmp_path / "export.dat", content))
    found = "jsonl" if entry.record else "mbox" if entry.id.endswith("#1") else "mail"
    assert found == kind


def test_a_format_tells_how_to_read_named_files_of_unknown_extension(tmp_path: Path) -> None:
    table = put(tmp_path / "table.txt", "id\tsubject\tbody\n1\ts\tb\n")
    mail = put(tmp_path / "mail.eml", MAIL)
    first, second = read(table, mail, format="csv")
    assert first.record is not None
    assert second.raw == MAIL


# --- mbox -------------------------------------------------------------------------------------------------------------


def mbox(tmp_path: Path, content: bytes) -> list[Entry]:
    return read(put(tmp_path / "m.mbox", content))


def test_an_mbox_gives_its_mails_with_number_and_line(tmp_path: Path) -> None:
    found = mbox(tmp_path, FROM + MAIL + b"\n" + FROM + b"Subject: two\n\nx\n\n")
    path = tmp_path / "m.mbox"
    assert [(entry.id, entry.where) for entry in found] == [(f"{path}#1", f"{path}:1"), (f"{path}#2", f"{path}:7")]
    assert [entry.raw for entry in found] == [MAIL, b"Subject: two\n\nx\n"]


@pytest.mark.parametrize(
    "line",
    [
        b"From a@b.example Fri Jul  8 12:08:34 2011",
        b"From - Fri Jul 8 12:08:34 2011",
        b"From MAILER-DAEMON Fri Jul  8 12:08 2011",
        b"From 1627@xxx Mon Jan 01 00:00:00 +0000 2020",
        b"From a b@c Fri Jul  8 12:08:34 MEST 2011",
        b"From a@b.example Fri, 8 Jul 2011 12:08:34 +0200",
        b"From a@b.example 2011-07-08 12:08:34",
        b"From a@b.example 2011-07-08T12:08:34Z",
        b"From a@b.example Fri Jul  8 12:08:34 2011 remote from uucp",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_from_lines_of_many_programs_split(tmp_path: Path, line: bytes, end: bytes) -> None:
    mail = MAIL.replace(b"\n", end)
    found = mbox(tmp_path, (line + end + mail + end) * 2)
    assert [entry.raw for entry in found] == [mail, mail]


@pytest.mark.parametrize(
    "text",
    [
        b"\nFrom now on we deliver on Friday at 12:08.\n",
        b"\nFrom Monday, July 4 2011 we are closed\n",
        b"no blank line before\n" + FROM,
        b"\n From a@b.example Fri Jul  8 12:08:34 2011\n",
        b"\nfrom a@b.example Fri Jul  8 12:08:34 2011\n",
        b"\nFrom " + b"x" * 600 + b" Fri Jul  8 12:08:34 2011\n",
    ],
)
def test_a_body_line_that_only_begins_like_a_from_line_does_not_split(tmp_path: Path, text: bytes) -> None:
    (entry,) = mbox(tmp_path, FROM + MAIL + text)
    assert entry.raw == MAIL + text


def test_quoted_from_lines_lose_one_quote(tmp_path: Path) -> None:
    (entry,) = mbox(tmp_path, FROM + MAIL + b"\n>From you\n>>From me\n> From them\n")
    assert entry.raw == MAIL + b"\nFrom you\n>From me\n> From them\n"


def test_mixed_line_ends_are_kept(tmp_path: Path) -> None:
    first, second = mbox(tmp_path, FROM + b"A: b\r\n\nx\r\n\r\n" + FROM.replace(b"\n", b"\r\n") + b"A: c\n\ny")
    assert (first.raw, second.raw) == (b"A: b\r\n\nx\r\n", b"A: c\n\ny")


def test_text_before_the_first_from_line_is_reported_and_the_mails_are_read(tmp_path: Path) -> None:
    lost, mail = mbox(tmp_path, b"stray words\n\n" + FROM + MAIL)
    assert lost.error is not None
    assert "13 bytes before the first From_ line" in lost.error
    assert mail.raw == MAIL


def test_a_file_without_a_from_line_is_no_mbox(tmp_path: Path) -> None:
    (entry,) = mbox(tmp_path, MAIL)
    assert entry.error is not None
    assert "begins with a From_ line" in entry.error


def test_a_mail_over_the_limit_inside_an_mbox_is_reported_and_the_next_is_read(tmp_path: Path) -> None:
    big = (b"x" * 1023 + b"\n") * (LIMIT // 1024 + 1)
    large, small = mbox(tmp_path, FROM + big + b"\n" + FROM + MAIL)
    assert large.error is not None
    assert "at most" in large.error
    assert small.raw == MAIL


def test_a_line_of_many_megabytes_never_begins_a_mail_in_its_middle(tmp_path: Path) -> None:
    piece = 1024 * 1024
    text = b"y" * piece + b"\n" * 1 + b"z" * (piece - 1) + b"\n" + b"\n"
    (entry,) = mbox(tmp_path, FROM + b"A: b\n\n" + text + b"x" * piece + FROM)
    assert entry.raw == b"A: b\n\n" + text + b"x" * piece + FROM


# --- folders ----------------------------------------------------------------------------------------------------------


def names(found: list[Entry], folder: Path) -> list[str]:
    return [os.path.relpath(entry.id, folder) for entry in found]


def test_a_folder_is_read_by_name_at_any_depth_in_any_mix(tmp_path: Path) -> None:
    put(tmp_path / "b" / "two.eml", MAIL)
    put(tmp_path / "b" / "Inbox", FROM + MAIL)
    put(tmp_path / "a.eml", MAIL)
    put(tmp_path / "c.jsonl", '{"body": "x"}')
    put(tmp_path / "d.csv", "id,subject,body\n,s,b\n")
    put(tmp_path / "12", MAIL)
    put(tmp_path / "README", "Note: this is no mail\n")
    put(tmp_path / "notes.txt", MAIL)
    put(tmp_path / ".hidden.eml", MAIL)
    put(tmp_path / ".hidden" / "x.eml", MAIL)
    put(tmp_path / "context.yaml", "a: b")
    assert names(read(tmp_path), tmp_path) == ["12", "a.eml", "b/Inbox#1", "b/two.eml", "c.jsonl:1", "d.csv:2"]


def test_a_maildir_gives_cur_and_new_and_its_visible_folders(tmp_path: Path) -> None:
    for name in ("cur/1.a:2,S", "cur/.hidden", "new/2.b", "tmp/3.c", "Sent/cur/4.d", "Sent/new/5.e"):
        put(tmp_path / name, MAIL)
    assert names(read(tmp_path), tmp_path) == ["cur/1.a:2,S", "new/2.b", "Sent/cur/4.d", "Sent/new/5.e"]


def test_a_maildir_inside_a_folder_is_found(tmp_path: Path) -> None:
    put(tmp_path / "box" / "cur" / "1.a:2,S", MAIL)
    (tmp_path / "box" / "new").mkdir()
    assert names(read(tmp_path), tmp_path) == ["box/cur/1.a:2,S"]


def test_a_folder_without_mail_says_what_was_looked_for_and_left_out(tmp_path: Path) -> None:
    put(tmp_path / "empty" / "deep" / ".keep", b"")
    assert error_of(tmp_path / "empty").endswith("in this folder (it is empty)")
    put(tmp_path / "other" / "a.pdf", b"%PDF")
    put(tmp_path / "other" / "README", b"words")
    assert "2 other files were left out" in error_of(tmp_path / "other")


def test_links_that_lead_in_circles_or_nowhere_and_pipes_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", MAIL)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert names(read(tmp_path), tmp_path) == ["a.eml"]


def test_a_bad_file_in_a_folder_does_not_stop_the_rest(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", b"")
    put(tmp_path / "b.csv", "subject,body\n1,2\n")
    put(tmp_path / "c.eml", MAIL)
    assert [entry.error is None for entry in read(tmp_path)] == [False, False, True]


def test_a_file_name_that_is_not_utf8_can_be_printed(tmp_path: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.eml")), MAIL)
    (entry,) = read(tmp_path)
    assert entry.id.endswith("caf\ufffd.eml")
    assert entry.raw == MAIL


# --- jsonl ------------------------------------------------------------------------------------------------------------


def jsonl(tmp_path: Path, content: bytes | str) -> list[Entry]:
    return read(put(tmp_path / "m.jsonl", content))


def test_a_record_has_all_its_fields(tmp_path: Path) -> None:
    fields = {
        "id": 7,
        "subject": "Sujet",
        "body": "Corps 😀",
        "lang": "fr",
        "in_reply": True,
        "headers": {"Reply-To": "a@b.example", "Received": ["one", "two"]},
        "context": {"buyer_opted_out": "yes"},
        "intents": ["marketing"],
    }
    (entry,) = jsonl(tmp_path, json.dumps(fields))
    assert entry.id == "7"
    record = entry.record
    assert record is not None
    assert (record.subject, record.body, record.lang, record.in_reply) == ("Sujet", "Corps 😀", "fr", True)
    assert record.headers == (("Reply-To", "a@b.example"), ("Received", "one"), ("Received", "two"))
    assert record.context == {"buyer_opted_out": "yes"}
    assert record.extra == {"intents": ["marketing"]}


def test_a_broken_line_names_file_line_and_column_and_the_rest_goes_on(tmp_path: Path) -> None:
    first, broken, last = jsonl(
        tmp_path, '\ufeff{"id": "a", "body": ""}\r\n\n{"id": "b", body}\n{"id": "a", "body": ""}'
    )
    assert (first.id, last.id) == ("a", "a"), "ids that occur twice are kept"
    assert (first.where, last.where) == (f"{tmp_path}/m.jsonl:1", f"{tmp_path}/m.jsonl:4")
    assert broken.error is not None
    assert broken.error.startswith(f"{tmp_path}/m.jsonl:3:13: not JSON: Expecting property name")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"[1]", ":1:1: one JSON object a line is expected, not a list"),
        (b"[" * 100_000, ":1:1: JSON that cannot be read"),
        (b'{"a": ' + b"9" * 5000 + b"}", ":1:1: JSON that cannot be read"),
        (b'{"id": "\xe9"}', ":1:9: not UTF-8 (byte 0xe9)"),
        (b'{"id": "a", "betreff": "b"}', "no `body` (or `text`, or `segments`) in the record; its fields: id, betreff"),
        (b'{"body": 1}', "`body` must be text, not int"),
        (b'{"body": "", "in_reply": "perhaps"}', "`in_reply` must be true or false"),
        (b'{"body": "", "context": "yes"}', "`context` must be an object"),
        (b'{"body": "", "headers": {"a": 1}}', "`headers` must be an object"),
        (b'{"body": "", "headers": 5}', "`headers` must be an object"),
        (b'{"segments": ["x"]}', "`segments` must be a list of objects"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(tmp_path: Path, line: bytes, text: str) -> None:
    (entry,) = jsonl(tmp_path, line)
    assert entry.error is not None
    assert text in entry.error


@pytest.mark.parametrize(
    ("value", "truth"),
    [("true", True), ('"Yes"', True), ("1", True), ("false", False), ('"no"', False), ("null", False)],
)
def test_in_reply_may_be_said_in_several_ways(tmp_path: Path, value: str, truth: bool) -> None:
    (entry,) = jsonl(tmp_path, f'{{"body": "", "in_reply": {value}}}')
    assert entry.record is not None
    assert entry.record.in_reply is truth


def test_headers_may_be_a_list_of_pairs(tmp_path: Path) -> None:
    (entry,) = jsonl(tmp_path, '{"body": "", "headers": [["A", "1"], ["A", "2"]]}')
    assert entry.record is not None
    assert entry.record.headers == (("A", "1"), ("A", "2"))


def test_half_a_surrogate_pair_can_be_written_again(tmp_path: Path) -> None:
    (entry,) = jsonl(tmp_path, r'{"id": "\ud83d", "body": "\ud83d\ude00 \udc00"}')
    assert entry.record is not None
    assert (entry.id, entry.record.body) == ("\ufffd", "😀 \ufffd")


def test_segments_are_joined_by_blanks_and_line_ends(tmp_path: Path) -> None:
    segments = [{"t": "Hi,\n", "l": None}, {"t": "one.", "l": "other"}, {"t": "two.", "l": None}]
    (entry,) = jsonl(tmp_path, json.dumps({"segments": segments}))
    assert entry.record is not None
    assert entry.record.body == "Hi,\none. two."
    assert entry.record.extra == {"segments": segments}


def test_a_line_over_the_limit_is_reported_and_the_next_is_read(tmp_path: Path) -> None:
    path = put(tmp_path / "m.jsonl", b'{"body": "x"}\n' + b"x" * (LIMIT + 5) + b'\n{"body": "y"}\n')
    first, large, last = read(path)
    assert large.error == f"{path}:2:1: a line of more than {LIMIT:,} bytes; give one record a line"
    assert (first.where, last.where) == (f"{path}:1", f"{path}:3")


def test_the_whole_labelled_corpus_is_read() -> None:
    found = read(CORPUS)
    assert len(found) == sum(len(path.read_bytes().splitlines()) for path in CORPUS.glob("*.jsonl"))
    assert all(entry.record and entry.record.body for entry in found)


# --- csv --------------------------------------------------------------------------------------------------------------


def table(tmp_path: Path, content: bytes | str) -> list[Entry]:
    return read(put(tmp_path / "m.csv", content))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_table_of_any_common_kind_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [["id", "subject", "Body", "in_reply"], ["1", "été", '"a, b;\r\nc"', "yes"], ["2", "", "d", ""]]
    first, second = table(tmp_path, "\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    assert first.record is not None
    assert (first.record.subject, first.record.body, first.record.in_reply) == ("été", "a, b;\r\nc", True)
    assert (second.id, second.where) == ("2", f"{tmp_path}/m.csv:4")


def test_json_columns_of_a_table_are_read(tmp_path: Path) -> None:
    (entry,) = table(
        tmp_path, 'id,subject,text,context,headers,label\n1,s,b,"{""order"": ""open""}","{""A"": ""b""}",x\n'
    )
    assert entry.record is not None
    assert entry.record.body == "b"
    assert (entry.record.context, entry.record.headers) == ({"order": "open"}, (("A", "b"),))
    assert entry.record.extra == {"label": "x"}


def test_a_missing_column_names_the_needed_and_the_found_ones(tmp_path: Path) -> None:
    (entry,) = table(tmp_path, "id;betreff;text\n1;a;b\n")
    assert entry.error is not None
    assert "m.csv:1: no column subject; needed are id, subject and body" in entry.error
    assert entry.error.endswith("found: id, betreff, body")


def test_broken_rows_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    content = 'id,subject,body,context\n1,a\n2,a,b,{x\n3,"a"b,c,\n4,a,b,,,\n\n5,a,b,,x\n6,a,b\n'
    found = table(tmp_path, content)
    assert [entry.where.rpartition(":")[2] for entry in found] == ["2", "3", "4", "5", "7", "8"]
    assert [entry.error is None for entry in found] == [False, False, False, True, False, True]
    short, broken_json, quote, _, long, _ = (entry.error or "" for entry in found)
    assert "2 cells for 4 columns" in short
    assert "column context:2: not JSON" in broken_json
    assert "not a row of a table" in quote
    assert "5 cells for 4 columns" in long


def test_a_quote_that_is_never_closed_is_reported(tmp_path: Path) -> None:
    first, broken = table(tmp_path, 'id,subject,body\n1,a,b\n2,"a,b\n3,a,b\n')
    assert first.record is not None
    assert broken.error is not None
    assert broken.error.startswith(f"{tmp_path}/m.csv:3: not a row of a table")


def test_a_cell_far_over_the_csv_modules_own_limit_is_read(tmp_path: Path) -> None:
    (entry,) = table(tmp_path, "id,subject,body\n1,a," + "x" * 500_000 + "\n")
    assert entry.record is not None
    assert len(entry.record.body) == 500_000


def test_a_table_without_rows_or_with_a_blank_first_line_is_reported(tmp_path: Path) -> None:
    (entry,) = table(tmp_path, "id,subject,body\n")
    assert entry.error is not None
    assert "no row in the table" in entry.error
    (entry,) = table(tmp_path, "\nid,subject,body\n1,a,b\n")
    assert entry.error is not None
    assert "a blank line" in entry.error


def test_a_line_over_the_limit_ends_the_table(tmp_path: Path) -> None:
    first, last = table(tmp_path, b"id,subject,body\n1,a,b\n" + b"x" * (LIMIT + 5) + b"\n2,a,b\n")
    assert first.record is not None
    assert last.error is not None
    assert "m.csv:3:1: a line of more than" in last.error
