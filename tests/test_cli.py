"""The command: every kind of input, every exit status, and a clear text for everything that is wrong.

Most cases go through `cli._status` in this process, which is all that `tamis` does; what a shell sees (pipes, full
disks, exit statuses, encodings) is tried with real processes. Nothing ever prints a traceback.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import cli
import engine.check
import engine.decide
from engine.data import rules_dir
from engine.decide.words import CONTEXT_WORDS, LANGUAGES
from engine.filter import Filter
from engine.rulebook import source

ROOT = Path(__file__).parent.parent
MAILS = ROOT / "tests" / "mail"
STOPPED = MAILS / "fr-prohibited-review.eml"
ALLOWED = MAILS / "fr-critical-delivery.eml"
SCHEMA = json.loads((Path(engine.decide.__file__).parent / "decision.schema.json").read_text("utf-8"))
FROM = b"From a@shop.example Fri Jul  8 12:08:34 2011\n"
REVIEW = "Bonjour, pourriez-vous laisser un petit avis sur le produit ? Merci beaucoup."
ADDRESS = "Votre adresse de livraison est incomplète, il manque le numéro de rue. Pouvez-vous nous l'indiquer ?"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def verdicts(self) -> list[str]:
        return [record.get("verdict", "error") for record in self.records]


def clean(done: Done) -> Done:
    assert "Traceback" not in done.out + done.err
    return done


Tamis = Callable[..., Done]


def rules_only(args: tuple[object, ...]) -> list[str]:
    """Return the arguments; where messages are judged, with the rules only (the classifier has tests of its own)."""
    words = list(map(str, args))
    judges = words[:1] in (["check"], ["explain"]) and words[1:] and words[1] not in ("-h", "--help")
    return [words[0], "--no-model", *words[1:]] if judges and "--model" not in words else words


@pytest.fixture
def tamis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tamis:
    """Run the command in this process; a filter once loaded is kept, as nothing ever changes one."""
    monkeypatch.setattr(engine.check, "Filter", _Kept)

    def run(*args: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["tamis", *rules_only(args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        capsys.readouterr()
        status = cli._status(cli.tamis)
        return clean(Done(status, *capsys.readouterr()))

    return run


class _Kept:
    load = staticmethod(cache(Filter.load))


def shell(*args: object, stdin: bytes | None = None, env: dict[str, str] | None = None, **how: Any) -> Done:
    """Run the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *rules_only(args)],
        cwd=ROOT, input=stdin, env={**os.environ, **(env or {})}, timeout=120, check=False,
        **({"capture_output": True} | how),
    )  # fmt: skip
    return clean(Done(done.returncode, *((text or b"").decode("utf-8", "replace") for text in (done.stdout, done.stderr))))


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def jsonl(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture(scope="module")
def few_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole rules folder with one pack, which loads in a moment."""
    folder = tmp_path_factory.mktemp("few") / "rules"
    for name in ("policy", "lists"):
        shutil.copytree(rules_dir() / name, folder / name)
    shutil.copy(rules_dir() / "intents.yaml", folder)
    put(folder / "packs" / "marketing" / "en.yaml", ONE_RULE)
    return folder


ONE_RULE = """\
pack: marketing
rules:
  - id: marketing.voucher.en
    revision: 1
    title: Offers a voucher
    intent: marketing
    strength: certain
    languages: [en]
    find:
      voucher: {phrases: ["voucher for you"]}
    when: voucher
    tests:
      - hit: "Here is a voucher for you."
      - miss: "The voucher did not arrive."
"""
VOUCHER = jsonl({"id": "v", "body": "Hello, here is a voucher for you.", "lang": "en"})


# --- what can be read -------------------------------------------------------------------------------------------------


def test_a_mail_alone_on_standard_input_as_records_and_as_mbox(tamis: Tamis) -> None:
    stopped, allowed = STOPPED.read_bytes(), ALLOWED.read_bytes()
    assert tamis("check", "--json", "-", stdin=stopped).verdicts == ["bounce"]
    assert tamis("check", "--json", "-", "--format", "mbox", stdin=FROM + stopped + b"\n" + FROM + allowed).verdicts == [
        "bounce", "allow",
    ]  # fmt: skip
    records = jsonl({"id": "a", "body": REVIEW}, {"id": "b", "body": ADDRESS}).encode()
    assert tamis("check", "--json", "-", "--format", "jsonl", stdin=records).verdicts == ["bounce", "allow"]
    table = f"id,subject,body\n1,,{REVIEW.replace(',', '')}\n".encode()
    assert tamis("check", "--json", "-", "--format", "csv", stdin=table).verdicts == ["bounce"]


def test_every_format_gives_the_same_verdicts_with_its_own_ids(tamis: Tamis, tmp_path: Path) -> None:
    mails = [STOPPED.read_bytes(), ALLOWED.read_bytes()]
    put(tmp_path / "m.mbox", b"".join(FROM + mail + b"\n" for mail in mails))
    for part in ("cur", "new", "tmp"):
        (tmp_path / "maildir" / part).mkdir(parents=True)
    put(tmp_path / "maildir" / "cur" / "1:2,S", mails[0])
    put(tmp_path / "maildir" / "new" / "2", mails[1])
    put(tmp_path / "folder" / "a.eml", mails[0])
    put(tmp_path / "folder" / "deeper" / "b.eml", mails[1])
    put(tmp_path / "folder" / "notes.txt", "none of our business")
    for name, ids in {
        "m.mbox": ["m.mbox#1", "m.mbox#2"],
        "maildir": ["maildir/cur/1:2,S", "maildir/new/2"],
        "folder": ["folder/a.eml", "folder/deeper/b.eml"],
    }.items():
        done = tamis("check", "--json", tmp_path / name)
        assert done.verdicts == ["bounce", "allow"]
        assert [record["id"] for record in done.records] == [str(tmp_path / id_) for id_ in ids]
        assert (done.status, done.err) == (1, "")


def test_records_bring_their_context_language_and_reply(tamis: Tamis, tmp_path: Path) -> None:
    path = put(
        tmp_path / "m.jsonl",
        jsonl(
            {"id": "1", "subject": "S", "body": "Hm.", "lang": "fr", "in_reply": True},
            {"id": "2", "subject": "S", "body": "Hm.", "context": {"buyer_opted_out": "yes", "order": "open"}},
            {"id": "3", "subject": "S", "body": "Hm.", "context": {"order": "never"}},
        ),
    )
    one, two, three = tamis("check", "--json", path).records
    assert (one["language"]["code"], one["context"]["reply"], one["in_reply"]) == ("fr", "thread", True)
    assert (two["context"]["buyer_opted_out"], two["context"]["order"]) == ("yes", "open")
    assert "open, none, unknown" in three["error"]
    assert "m.jsonl:3" in three["error"]


def test_a_csv_has_the_same_optional_fields(tamis: Tamis, tmp_path: Path) -> None:
    table = 'id;subject;body;lang;in_reply;headers;context\n7;S;Hm.;de;yes;"{""From"": ""a@b.example""}";"{""quota"": ""over""}"\n'
    (record,) = tamis("check", "--json", put(tmp_path / "m.csv", table)).records
    assert (record["id"], record["language"]["code"], record["in_reply"]) == ("7", "de", True)
    assert record["context"]["quota"] == "over"


def test_json_lines_fit_the_schema_and_keep_the_order_of_the_arguments(tamis: Tamis) -> None:
    paths = [*sorted(MAILS.glob("*.eml"), reverse=True), ALLOWED]
    done = tamis("check", "--json", *paths)
    assert [record["id"] for record in done.records] == [str(path) for path in paths]
    for record in done.records:
        jsonschema.validate(record, SCHEMA)
    assert done.records[-1]["verdict"] == "allow"


def test_evidence_of_a_record_counts_in_its_strings(tamis: Tamis) -> None:
    subject, body = "Votre avis compte", "Bonjour 🙂\n\nPourriez-vous laisser un petit avis ?\n"
    done = tamis("check", "--json", "--format", "jsonl", "-", stdin=jsonl({"subject": subject, "body": body}).encode())
    (record,) = done.records
    spans = [span for result in record["intents"] for span in result["evidence"]]
    assert "body" in {span["part"] for span in spans}
    for span in spans:
        assert {"subject": subject, "body": body}[span["part"]][span["start"] : span["end"]] == span["text"]


# --- how it is shown --------------------------------------------------------------------------------------------------


def test_a_table_in_a_pipe_is_plain_text_with_verdict_rule_and_words() -> None:
    done = shell("check", STOPPED, ALLOWED, env={"TERM": "xterm-256color"})
    assert (done.status, done.err) == (1, "")
    assert "\x1b" not in done.out
    for expected in ("verdict", "bounce", "allow", "review_request", "petit", "W10", "1 allow, 1 bounce"):
        assert expected in done.out


def test_hostile_names_and_texts_cannot_paint_the_terminal(tamis: Tamis) -> None:
    record = {"id": "[bold red]x[/] \x1b[31m", "body": "Pourriez-vous laisser \x1b[2J un petit avis [/red] ?"}
    done = tamis("check", "--format", "jsonl", "-", stdin=jsonl(record).encode())
    assert "[bold red]x[/]" in done.out
    assert "\x1b" not in done.out


def test_quiet_prints_errors_only(tamis: Tamis, tmp_path: Path) -> None:
    assert tamis("check", "--quiet", STOPPED) == Done(1, "", "")
    done = tamis("check", "--quiet", STOPPED, tmp_path / "nothing.eml")
    assert (done.status, done.out) == (4, "")
    assert "nothing.eml" in done.err


def test_output_is_utf_8_where_the_locale_is_c() -> None:
    done = shell("check", "--json", STOPPED, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""})
    assert done.status == 1
    assert done.records[0]["verdict"] == "bounce"


# --- profiles ---------------------------------------------------------------------------------------------------------


def test_a_profile_by_name_and_by_file(tamis: Tamis) -> None:
    assert tamis("check", "--json", "--profile", "opt-out", STOPPED).records[0]["profile"] == "opt-out"
    assert tamis("check", "--json", "--profile", "opt-out", STOPPED).verdicts == ["allow"]
    for path in (rules_dir() / "policy" / "examples").glob("*.yaml"):
        done = tamis("check", "--json", "--profile", path, STOPPED)
        assert done.verdicts == ["bounce"]
        assert done.records[0]["profile"] not in ("strict", "opt-out")


def test_an_unknown_profile_is_a_usage_error_that_names_the_known(tamis: Tamis) -> None:
    done = tamis("check", "--profile", "lax", STOPPED)
    assert (done.status, done.out) == (2, "")
    assert "lax" in done.err
    assert "opt-out, strict" in done.err


def test_a_broken_profile_file_is_a_rules_error_with_its_place(tamis: Tamis, tmp_path: Path) -> None:
    path = put(tmp_path / "p.yaml", "profile: mine\nverdikt: []\n")
    done = tamis("check", "--profile", path, STOPPED)
    assert done.status == 3
    assert f"{path}:" in done.err


# --- context ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{"buyer_opted_out": "yes", "order": "open"}'),
        ("c.yaml", '# seen\nbuyer_opted_out: "yes"\norder: open\n'),
        ("c.yaml", "buyer_opted_out: yes\norder: open\n"),
        ("c.json", '\ufeff{"buyer_opted_out": true, "order": "open"}'),
    ],
)
def test_a_context_file_in_json_or_yaml(tamis: Tamis, tmp_path: Path, name: str, text: str) -> None:
    context = tamis("check", "--json", "--context", put(tmp_path / name, text), ALLOWED).records[0]["context"]
    assert (context["buyer_opted_out"], context["order"]) == ("yes", "open")
    assert not {"buyer_opted_out", "order"} & set(context["assumed"])


def test_the_record_knows_better_than_the_file(tamis: Tamis, tmp_path: Path) -> None:
    file = put(tmp_path / "c.yaml", "order: open\nquota: over\n")
    records = jsonl({"body": "Hm.", "context": {"quota": "under"}}).encode()
    (record,) = tamis("check", "--json", "--context", file, "--format", "jsonl", "-", stdin=records).records
    assert (record["context"]["order"], record["context"]["quota"]) == ("open", "under")


@pytest.mark.parametrize(("text", "allowed"), [("order: maybe", CONTEXT_WORDS["order"]), ("ordr: open", CONTEXT_WORDS)])
def test_an_unknown_word_is_answered_with_the_allowed_ones(
    tamis: Tamis, tmp_path: Path, text: str, allowed: Any
) -> None:
    path = put(tmp_path / "c.yaml", text)
    done = tamis("check", "--context", path, ALLOWED)
    assert (done.status, done.out) == (2, "")
    assert str(path) in done.err
    assert all(word in done.err for word in allowed)


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"- order\n", 2), (b"order: [\n", 2), (b"{", 2), (b"a: 1\na: *b\n", 2), (b"\xff\xfe\x00", 4), (b"", 2), (b"7", 2)],
    ids=repr,
)
def test_a_context_file_that_is_none(tamis: Tamis, tmp_path: Path, text: bytes, status: int) -> None:
    path = put(tmp_path / "c.yaml", text)
    done = tamis("check", "--context", path, ALLOWED)
    assert (done.status, done.out) == (status, "")
    assert str(path) in done.err


def test_a_context_file_that_is_not_there_or_a_folder(tamis: Tamis, tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        done = tamis("check", "--context", path, ALLOWED)
        assert done.status == 4
        assert str(path) in done.err


# --- rules ------------------------------------------------------------------------------------------------------------


def test_another_rules_folder_is_used_alone(few_rules: Path) -> None:
    done = shell("check", "--json", "--rules", few_rules, "--format", "jsonl", "-", stdin=VOUCHER.encode())
    (record,) = done.records
    assert (done.status, record["verdict"], record["content"]) == (1, "bounce", "marketing")
    assert record["intents"][0]["by"] == ["rule:marketing.voucher.en"]
    assert shell("check", "--json", "--rules", few_rules, STOPPED).records[0]["content"] == "uncertain"


def test_an_overlay_goes_on_top_of_the_shipped_rules(
    tamis: Tamis, tmp_path: Path, few_rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "rules_dir", lambda: few_rules)
    overlay = tmp_path / "mine"
    done = tamis("rules", "init", overlay)
    assert done.status == 0
    assert str(overlay / "overlay.yaml") in done.out
    own = ONE_RULE.replace("marketing.voucher.en", "own.voucher.en").replace("voucher for", "gift voucher for")
    put(overlay / "packs" / "marketing" / "own.yaml", own.replace("is a voucher", "is a gift voucher"))
    records = VOUCHER + VOUCHER.replace("a voucher", "a gift voucher")
    done = tamis("check", "--json", "--rules", overlay, "--format", "jsonl", "-", stdin=records.encode())
    assert [record["intents"][0]["by"] for record in done.records] == [
        ["rule:marketing.voucher.en"],
        ["rule:marketing.voucher.en", "rule:own.voucher.en"],
    ]
    again = tamis("rules", "init", overlay)
    assert again.status == 2
    assert str(overlay) in again.err


def test_a_rules_folder_that_is_missing_empty_or_a_file(tamis: Tamis, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    file = put(tmp_path / "file", ONE_RULE)
    for path in (tmp_path / "missing", tmp_path / "empty", file):
        done = tamis("check", "--rules", path, STOPPED)
        assert (done.status, done.out) == (3, "")
        assert str(path) in done.err
        assert "tamis rules init" in done.err


def test_broken_rules_are_all_named_with_their_places(tamis: Tamis, few_rules: Path, tmp_path: Path) -> None:
    broken = tmp_path / "rules"
    shutil.copytree(few_rules, broken)
    rule = ONE_RULE.replace("strength: certain", "strength: certian").replace("when: voucher", "when: vouchr")
    path = put(broken / "packs" / "marketing" / "en.yaml", rule)
    done = tamis("check", "--rules", broken, STOPPED)
    assert (done.status, done.out) == (3, "")
    assert f"{path}:7:15" in done.err
    assert "^" in done.err
    assert "certain" in done.err


def test_a_damaged_plan_cache_changes_nothing(few_rules: Path, tmp_path: Path) -> None:
    def judge() -> Done:
        env = {"TAMIS_CACHE_DIR": str(tmp_path / "cache")}
        return shell("check", "--json", "--rules", few_rules, "--format", "jsonl", "-", stdin=VOUCHER.encode(), env=env)

    first = judge()
    (plan,) = (tmp_path / "cache").glob("plan-*")
    whole = plan.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"\x00" * 100, whole.replace(b"certain", b"against")):
        plan.write_bytes(damage)
        assert judge() == first
        assert plan.read_bytes() == whole
    plan.unlink()
    plan.mkdir()
    assert judge() == first


def test_a_cache_folder_that_cannot_be_is_no_error(few_rules: Path, tmp_path: Path) -> None:
    file = put(tmp_path / "file", "")
    for folder in (file, file / "below", Path("/proc/nowhere")):
        done = shell(
            "check", "--json", "--rules", few_rules, "--format", "jsonl", "-", stdin=VOUCHER.encode(),
            env={"TAMIS_CACHE_DIR": str(folder)},
        )  # fmt: skip
        assert (done.status, done.err, done.verdicts) == (1, "", ["bounce"])


# --- exit status ------------------------------------------------------------------------------------------------------


def test_all_allowed_is_0_and_something_stopped_is_1() -> None:
    assert shell("check", ALLOWED).status == 0
    assert shell("check", ALLOWED, STOPPED, "--quiet").status == 1


def test_not_judged_counts_as_allowed(tamis: Tamis, tmp_path: Path) -> None:
    context = put(tmp_path / "c.yaml", "recipient: not_alias_domain\n")
    done = tamis("check", "--json", "--context", context, STOPPED)
    assert (done.status, done.verdicts) == (0, ["not_judged"])


@pytest.mark.parametrize(
    "args",
    [["check"], ["check", "--format", "xml", "-"], ["check", "--nonsense", "x"], ["chekc", "x"], ["explain"],
     ["explain", "--lang", "xx", "x"], ["rules", "lint", "/nowhere"], ["rules", "fix"]],
    ids=" ".join,
)  # fmt: skip
def test_usage_errors_are_2_and_say_what_is_known(tamis: Tamis, args: list[str]) -> None:
    done = tamis(*args)
    assert (done.status, done.out) == (2, "")
    assert "Error: " in done.err


def test_help_is_0_and_no_command_shows_it(tamis: Tamis) -> None:
    for args in (["--help"], ["-h"], ["check", "-h"], ["explain", "-h"], ["rules", "-h"], ["rules", "lint", "-h"]):
        done = tamis(*args)
        assert done.status == 0
        assert "Usage:" in done.out


def test_the_worst_status_wins() -> None:
    order = (5, 3, 2, 4, 1, 0)
    for place, worst in enumerate(order):
        assert cli.worst(*reversed(order[place:])) == worst
    assert cli.worst() == 0


def test_unreadable_beats_stopped_whatever_comes_last(tamis: Tamis, tmp_path: Path) -> None:
    missing = tmp_path / "none.eml"
    assert tamis("check", "--quiet", missing, STOPPED).status == 4
    assert tamis("check", "--quiet", STOPPED, missing).status == 4


def test_an_internal_error_is_5_with_a_text_for_people(tamis: Tamis, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(engine.check.Checker, "_decide", fail)
    monkeypatch.delenv("TAMIS_DEBUG", raising=False)
    done = tamis("check", STOPPED)
    assert done.status == 5
    assert "internal error" in done.err
    assert "TAMIS_DEBUG=1" in done.err
    monkeypatch.setenv("TAMIS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        tamis("check", STOPPED)


# --- bad input: a line about each, and the rest goes on ---------------------------------------------------------------


def test_one_unreadable_message_among_many_has_its_own_line(tamis: Tamis, tmp_path: Path) -> None:
    empty = put(tmp_path / "empty.eml", "")
    done = tamis("check", "--json", STOPPED, empty, tmp_path / "none.eml", ALLOWED)
    assert done.status == 4
    assert done.verdicts == ["bounce", "error", "error", "allow"]
    assert [record["id"] for record in done.records][1:3] == [str(empty), str(tmp_path / "none.eml")]
    assert "empty" in done.records[1]["error"]
    table = tamis("check", STOPPED, empty, ALLOWED)
    assert table.status == 4
    assert "1 allow, 1 bounce, 1 unreadable" in table.out


def test_a_broken_line_in_the_middle_of_records(tamis: Tamis, tmp_path: Path) -> None:
    lines = [jsonl({"id": "1", "body": REVIEW}), '{"id": "2", "body": \n', jsonl({"id": "3", "body": ADDRESS})]
    lines += ['{"id": "4"}\n', "[1]\n", "\n", jsonl({"id": "5", "body": 7}), jsonl({"id": "6", "body": ADDRESS})]
    path = put(tmp_path / "m.jsonl", "".join(lines))
    done = tamis("check", "--json", path)
    assert done.status == 4
    assert done.verdicts == ["bounce", "error", "allow", "error", "error", "error", "allow"]
    errors = [record["error"] for record in done.records if "error" in record]
    assert [error.startswith(f"{path}:{line}") for error, line in zip(errors, (2, 4, 5, 7), strict=True)] == [True] * 4


def test_a_csv_without_a_needed_column(tamis: Tamis, tmp_path: Path) -> None:
    done = tamis("check", "--json", put(tmp_path / "m.csv", "id,subject,text_of_it\n1,a,b\n"))
    assert done.status == 4
    (record,) = done.records
    assert "no column body" in record["error"]
    assert "text_of_it" in record["error"]


NESTED = b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div><b>" * 10_000 + REVIEW.encode() + b"</b></div>" * 9_000
TRUNCATED = (
    b'From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="x"\n\n--x\n'
    b"Content-Type: text/plain; charset=utf-8\n\n" + REVIEW.encode() + b"\n--x\nContent-Type: text/html\n\n<p>Bonj"
)
WRONG_BASE64 = (
    b"From: a@b.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    b"Content-Transfer-Encoding: base64\n\nQm9uam91cg=!*#=\n===\nz\n"
)
LONG_LINE = b"From: a@b.example\n\n" + b"Pourriez-vous laisser un petit avis ? " + b"x" * 1_000_000 + b"\n"
READABLE = {
    "10,000-deep HTML": (NESTED, "bounce"),
    "truncated multipart": (TRUNCATED, "bounce"),
    "wrong base64": (WRONG_BASE64, "allow"),
    "1 MB line": (LONG_LINE, "bounce"),
    "1 MB word in the subject": (b"Subject: " + b"x" * 1_000_000 + b"\n\n" + REVIEW.encode(), "bounce"),
    "headers alone": (b"From: a@b.example\nSubject: ok\n", "allow"),
    "no body and no blank line": (b"Subject: =?utf-8?q?Pourriez-vous_laisser_un_avis_=3F?=", "bounce"),
    "NUL bytes": (b"From: a@b.example\n\n" + REVIEW.replace(" ", " \0").encode(), None),
    "a deep MIME tree": (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(500)) + b"\nx", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READABLE)
def test_bad_mail_is_judged_all_the_same(tamis: Tamis, tmp_path: Path, kind: str) -> None:
    raw, verdict = READABLE[kind]
    done = tamis("check", "--json", put(tmp_path / "m.eml", raw), STOPPED)
    assert (done.err, done.status) == ("", 1)
    first, second = done.verdicts
    assert second == "bounce"
    assert first == verdict or (verdict is None and first in ("allow", "bounce"))


def test_one_mail_with_half_a_character_does_not_end_the_run(tamis: Tamis, tmp_path: Path) -> None:
    path = put(tmp_path / "m.eml", b"Content-Type: text/plain; charset=utf-7\n\nabc +2AA- def\n")
    done = tamis("check", "--json", path, STOPPED)
    assert len(done.records) == 2
    assert done.status in (1, 4)


UNREADABLE = {
    "empty.eml": b"",
    "blank.eml": b" \n\n",
    "empty.jsonl": b"",
    "empty.csv": b"",
    "empty.mbox": b"",
    "binary.eml": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "binary.dat": bytes(range(256)) * 20,
    "binary.jsonl": bytes(range(256)) * 20,
    "archive.zip": b"PK\x03\x04" + bytes(500),
    "utf16.csv": "id,subject,body\n1,a,b\n".encode("utf-16"),
    "header.csv": b"id,subject,body\n",
    "nomail.mbox": b"hello\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_mail_is_said_with_its_name(tamis: Tamis, tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, UNREADABLE[name])
    done = tamis("check", "--json", path)
    assert (done.status, done.err) == (4, "")
    (record,) = done.records
    assert record["error"].startswith(str(path))
    assert tamis("explain", path).status == 4


def test_a_folder_without_mail_and_an_empty_one(tamis: Tamis, tmp_path: Path) -> None:
    put(tmp_path / "some" / "readme.txt", "hello")
    (tmp_path / "empty").mkdir()
    for name in ("some", "empty"):
        done = tamis("check", tmp_path / name)
        assert done.status == 4
        assert name in done.out


def test_a_folder_named_like_a_mail_is_a_folder(tamis: Tamis, tmp_path: Path) -> None:
    put(tmp_path / "a.eml" / "b.eml", STOPPED.read_bytes())
    done = tamis("check", "--json", tmp_path)
    assert done.verdicts == ["bounce"]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = put(tmp_path / "secret.eml", STOPPED.read_bytes())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    done = shell("check", "--json", path, ALLOWED)
    assert done.status == 4
    assert done.verdicts == ["error", "allow"]
    assert "ermission" in done.records[0]["error"]


def test_a_device_error_while_reading_is_reported(tamis: Tamis) -> None:
    """Reading this file fails with EIO or EPERM for every user, root too."""
    path = "/proc/self/mem"
    if not os.path.exists(path):
        pytest.skip("no /proc")
    done = tamis("check", "--json", path, ALLOWED)
    assert done.status == 4
    assert done.verdicts == ["error", "allow"]


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.eml"
    try:
        Path(os.fsdecode(name)).write_bytes(STOPPED.read_bytes())
    except OSError:
        pytest.skip("the file system wants UTF-8")
    for how in ("--json", "--quiet"):
        assert shell("check", how, os.fsdecode(name)).status == 1
    assert shell("check", tmp_path).status == 1


# --- output that goes nowhere -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [["--json"], []], ids=["json", "table"])
def test_a_reader_who_has_enough_is_no_error(how: list[str], tmp_path: Path) -> None:
    """Like `tamis check ... | head -1`, with more output than a pipe holds."""
    records = put(tmp_path / "m.jsonl", jsonl({"body": REVIEW, "lang": "fr"}) * 600)
    command = [sys.executable, "-m", "cli", "check", *how, str(records)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(60) in (0, 1)
    assert err == ""


@pytest.mark.parametrize("args", [["check", "--json"], ["check"], ["explain"]], ids=" ".join)
def test_a_full_disk_is_said_in_plain_words(args: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        done = shell(*args, STOPPED, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.status in (4, 5)
    assert "No space left" in done.err
    assert "bug" not in done.err
    assert "Exception ignored" not in done.err


def test_a_closed_standard_output_is_no_bug() -> None:
    program = 'exec "$0" -m cli check --json "$1" >&-'
    done = subprocess.run(
        ["sh", "-c", program, sys.executable, str(STOPPED)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr


# --- explain ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_explain_speaks_the_language_asked_for(tamis: Tamis, lang: str) -> None:
    short = tamis("explain", STOPPED, "--lang", lang)
    long = tamis("explain", STOPPED, "--lang", lang, "--long")
    assert (short.status, long.status) == (1, 1)
    assert "petit avis" in " ".join(short.out.split())
    assert long.out.startswith(short.out.rstrip("\n"))
    assert "rule:review.ask-opinion.fr" in long.out
    assert "rule:" not in short.out
    assert "W10" in long.out


def test_explain_differs_by_language(tamis: Tamis) -> None:
    assert len({tamis("explain", STOPPED, "--lang", lang).out for lang in LANGUAGES}) == len(LANGUAGES)


def test_explain_reads_standard_input_context_and_profile(tamis: Tamis, tmp_path: Path) -> None:
    context = put(tmp_path / "c.yaml", "buyer_opted_out: yes\n")
    assert tamis("explain", "-", "--profile", "opt-out", stdin=STOPPED.read_bytes()).status == 0
    done = tamis("explain", "-", "--profile", "opt-out", "--context", context, "--long", stdin=STOPPED.read_bytes())
    assert done.status == 1
    assert "buyer_opted_out = yes" in done.out


def test_explain_takes_a_mailbox_and_says_what_could_not_be_read(tamis: Tamis, tmp_path: Path) -> None:
    path = put(tmp_path / "m.jsonl", jsonl({"id": "1", "body": REVIEW}) + "{\n" + jsonl({"id": "2", "body": ADDRESS}))
    done = tamis("explain", path)
    assert done.status == 4
    assert f"{path}:2" in done.out + done.err
    missing = tamis("explain", tmp_path / "none.eml")
    assert missing.status == 4
    assert "none.eml" in missing.out + missing.err


# --- rules: each verb once --------------------------------------------------------------------------------------------


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    return put(tmp_path / "marketing" / "en.yaml", ONE_RULE)


def test_rules_lint_is_0_when_sound_and_3_with_the_place_when_not(tamis: Tamis, rule_file: Path) -> None:
    sound = tamis("rules", "lint", rule_file)
    assert sound.status == 0
    assert "1 rules, 2 tests, 0 errors" in sound.out
    rule_file.write_text(ONE_RULE.replace("intent: marketing", "intent: marketting"), "utf-8")
    broken = tamis("rules", "lint", rule_file)
    assert broken.status == 3
    assert f"{rule_file}:6:13" in broken.out
    assert "marketing" in broken.out
    problems = [json.loads(line) for line in tamis("rules", "lint", "--json", rule_file).out.splitlines()]
    assert problems
    assert all(problem["severity"] == "error" for problem in problems)


def test_rules_lint_is_0_on_warnings_alone(tamis: Tamis, rule_file: Path) -> None:
    text = ONE_RULE.replace("when: voucher", "when: {any: [voucher, card]}").replace(
        "    when", '      card: {phrases: ["gift card"]}\n    when'
    )
    rule_file.write_text(text, "utf-8")
    done = tamis("rules", "lint", rule_file)
    assert (done.status, "0 errors" in done.out, "0 warnings" in done.out) == (0, True, False)
    gaps = tamis("rules", "coverage", rule_file)
    assert gaps.status == 0
    assert f"{rule_file}:" in gaps.out
    assert "find `card`" in gaps.out
    assert "2 not" in gaps.out or "1 not" in gaps.out


def test_rules_test_is_3_when_a_test_fails(tamis: Tamis, rule_file: Path) -> None:
    assert tamis("rules", "test", rule_file).status == 0
    rule_file.write_text(ONE_RULE.replace('hit: "Here is a', 'hit: "Here is no'), "utf-8")
    assert tamis("rules", "test", rule_file).status == 0  # « no voucher for you » holds the words, and no negation asked
    rule_file.write_text(ONE_RULE.replace("The voucher did not arrive", "One voucher for you"), "utf-8")
    done = tamis("rules", "test", rule_file)
    assert done.status == 3
    assert f"{rule_file}:1" in done.out


def test_rules_schema_is_the_file_that_editors_get(tamis: Tamis) -> None:
    done = tamis("rules", "schema")
    assert done.status == 0
    assert done.out == (rules_dir() / "rule.schema.json").read_text("utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(done.out))


def test_rules_show_lists_and_shows_one(tamis: Tamis, rule_file: Path) -> None:
    listed = tamis("rules", "show", rule_file)
    assert listed.status == 0
    assert "marketing.voucher.en" in listed.out
    one = json.loads(tamis("rules", "show", rule_file, "--id", "marketing.voucher.en").out)
    assert one["patterns"]["voucher"]
    unknown = tamis("rules", "show", rule_file, "--id", "marketing.vouchr.en")
    assert (unknown.status, unknown.out) == (2, "")
    assert "marketing.voucher.en" in unknown.err


def test_rules_stats_counts_on_labelled_messages(tamis: Tamis, rule_file: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    put(corpus / "en.jsonl", jsonl(*(
        {"id": f"en-{n}", "lang": "en", "subject": "", "in_reply": False, "text": text, "intents": [intent]}
        for n, (text, intent) in enumerate([("A voucher for you.", "marketing"), ("Which colour?", "customization")])
    )))  # fmt: skip
    done = tamis("rules", "stats", rule_file, "--corpus", corpus, "--json")
    assert done.status == 0, done.err
    json.loads(done.out)
    assert tamis("rules", "stats", rule_file, "--corpus", corpus, "--by-rule").status == 0
    assert tamis("rules", "stats", "--corpus", tmp_path / "none").status == 2


def test_rules_verbs_answer_a_folder_without_rules(tamis: Tamis, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for verb in ("lint", "test", "coverage", "show"):
        done = tamis("rules", verb, tmp_path / "empty")
        assert (done.status, done.out) == (3, "")
        assert "tamis rules init" in done.err


@pytest.mark.parametrize("verb", ["lint", "test", "coverage", "show"])
@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xfe", b"pack: [", b"a: &x 1\nb: *x\n", b"- 1\n", b"rules: 7\n"])
def test_rules_verbs_never_fall_over_a_file(tamis: Tamis, tmp_path: Path, verb: str, content: bytes) -> None:
    done = tamis("rules", verb, put(tmp_path / "x" / "en.yaml", content))
    assert done.status in (0, 3)
    assert "internal error" not in done.err
