"""The Python API: one filter, any message, always a decision, always the same one, always in the message's own words."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.decide
from engine import Decision, Filter, Message, RulesError, UsageError
from engine.decide.context import Context
from engine.decide.words import CONTENTS, CONTEXT_DEFAULTS, LANGUAGES, REASONS, VERDICTS
from engine.learn import split

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "models" / "corpus"
SAMPLES = sorted((ROOT / "tests" / "mail").glob("*.eml"))
SCHEMA = json.loads((Path(engine.decide.__file__).parent / "decision.schema.json").read_text("utf-8"))

REVIEW = {
    "fr": "Bonjour, pourriez-vous laisser un petit avis sur le produit ? Merci beaucoup.",
    "en": "Hello, could you please leave us a short review of the product? Thank you very much.",
}
ADDRESS = {
    "fr": "Votre adresse de livraison est incomplète, il manque le numéro de rue. Pouvez-vous nous l'indiquer ?",
    "en": "Your delivery address is incomplete, the house number is missing. Could you please send it to us?",
}


@pytest.fixture(scope="module")
def loaded() -> Filter:
    return Filter.load(model="off")


def text_of(decision: Decision) -> str:
    return json.dumps(decision.to_json(), ensure_ascii=False)


def present(decision: Decision) -> set[str]:
    return {result.intent for result in decision.intents if result.state == "present"}


# --- the README's lines -----------------------------------------------------------------------------------------------


def test_a_mail_is_checked_in_two_lines() -> None:
    raw = (ROOT / "tests" / "mail" / "fr-prohibited-review.eml").read_bytes()
    decision = Filter.load(model="off").check(Message.parse(raw))
    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.reason, decision.content) == ("bounce", "prohibited_solicitation", "review_request")
    assert (decision.by, decision.smtp, decision.row, decision.profile) == ("notice", "250 2.0.0", "W10", "strict")


def test_a_decision_is_frozen_and_its_record_fits_the_schema(loaded: Filter) -> None:
    decision = loaded.check(Message.of(body=REVIEW["fr"]), id="m-1")
    jsonschema.validate(decision.to_json(), SCHEMA)
    assert decision.to_json()["id"] == "m-1"
    with pytest.raises(dataclasses.FrozenInstanceError):
        decision.verdict = "allow"  # type: ignore[misc]


def test_check_many_gives_the_decisions_of_check_in_order(loaded: Filter) -> None:
    messages = [Message.of(body=text) for text in (*REVIEW.values(), *ADDRESS.values(), "ok")]
    assert [text_of(d) for d in loaded.check_many(messages)] == [text_of(loaded.check(m)) for m in messages]


def test_check_many_takes_a_context_a_message_and_does_not_read_ahead(loaded: Filter) -> None:
    messages = [Message.of(body=REVIEW["en"])] * 2
    contexts = [{"buyer_opted_out": "yes"}, None]
    assert [d.context.buyer_opted_out for d in loaded.check_many(messages, contexts)] == ["yes", "no"]

    def endless() -> Any:
        yield messages[0]
        raise AssertionError("the second message was taken before the first was answered")

    assert next(iter(loaded.check_many(endless()))).verdict == "bounce"


def test_check_many_refuses_contexts_that_do_not_pair_up(loaded: Filter) -> None:
    with pytest.raises(ValueError, match="zip"):
        list(loaded.check_many([Message.of(body="a")] * 2, [{}]))


# --- context ----------------------------------------------------------------------------------------------------------


def test_what_is_not_given_is_assumed_and_said(loaded: Filter) -> None:
    message = Message.of(body=REVIEW["en"])
    assert loaded.check(message).to_json()["context"] == {**CONTEXT_DEFAULTS, "assumed": list(CONTEXT_DEFAULTS)}
    context = loaded.check(message, {"order": "open", "quota": None}).to_json()["context"]
    assert context["order"] == "open"
    assert context["assumed"] == [name for name in CONTEXT_DEFAULTS if name != "order"]


def test_a_context_object_is_taken_as_it_is(loaded: Filter) -> None:
    decision = loaded.check(Message.of(body=REVIEW["en"]), Context.of({"recipient": "not_alias_domain"}))
    assert (decision.verdict, decision.reason) == ("not_judged", "not_a_buyer_alias")
    assert decision.intents == ()
    assert decision.flags == ()


@pytest.mark.parametrize("wrong", [{"buyer_opted": "yes"}, {"order": "maybe"}, {"order": 1}, {3: "yes"}])
def test_an_unknown_word_is_refused_with_those_that_are_known(loaded: Filter, wrong: dict[Any, Any]) -> None:
    with pytest.raises(UsageError, match="Allowed: "):
        loaded.check(Message.of(body="x"), wrong)


def test_in_reply_makes_the_reply_and_is_in_the_record(loaded: Filter) -> None:
    fresh, answer = (loaded.check(Message.of(body="Voilà, c'est fait.", in_reply=reply)) for reply in (False, True))
    assert (fresh.context.reply, answer.context.reply) == ("none", "thread")
    assert "reply" in fresh.context.assumed
    assert "reply" not in answer.context.assumed
    assert (fresh.to_json()["in_reply"], answer.to_json()["in_reply"]) == (False, True)
    assert fresh.decision != answer.decision


def test_strict_stops_a_pitch_in_a_reply_and_opt_out_lets_it_pass_flagged(loaded: Filter) -> None:
    message = Message.of(body=REVIEW["en"], in_reply=True)
    assert loaded.check(message).verdict == "bounce"
    lenient = Filter.load(profile="opt-out", model="off").check(message)
    assert (lenient.verdict, lenient.flags) == ("allow", ("off_topic_reply",))


@pytest.mark.parametrize(
    ("context", "verdict", "reason"),
    [
        ({"sender": "not_authorised"}, "bounce", "sender_not_authorised"),
        ({"recipient": "unknown_alias"}, "bounce", "unknown_alias"),
        ({"recipient": "second_alias"}, "defer", "one_buyer_per_message"),
        ({"buyer_opted_out": "yes", "bounce_notices": "off"}, "block", "prohibited_content"),
    ],
)
def test_the_context_decides_before_the_content(
    loaded: Filter, context: dict[str, str], verdict: str, reason: str
) -> None:
    decision = loaded.check(Message.of(body=REVIEW["en"]), context)
    assert (decision.verdict, decision.reason) == (verdict, reason)


def test_a_profile_nobody_knows_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="opt-out, strict"):
        Filter.load(profile="lenient", model="off")


@pytest.mark.parametrize("path", sorted((ROOT / "rules" / "policy" / "examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_example_profiles_load_and_still_stop_a_review_request(path: Path) -> None:
    loaded = Filter.load(profile=path, model="off")
    assert loaded.check(Message.of(body=REVIEW["en"])).verdict == "bounce"
    assert loaded.check(Message.of(body=ADDRESS["en"])).verdict == "allow"


def test_a_broken_profile_file_gives_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("profile: mine\nverdikt: []\n", "utf-8")
    with pytest.raises(RulesError, match=r"mine\.yaml:\d+:\d+"):
        Filter.load(profile=path, model="off")


# --- content ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_request_behind_a_critical_question_is_mixed(loaded: Filter, lang: str) -> None:
    decision = loaded.check(Message.of(body=f"{ADDRESS[lang]}\n\n{REVIEW[lang]}"))
    assert present(decision) >= {"address_issue", "review_request"}
    assert (decision.content, decision.verdict) == ("mixed_solicit", "bounce")


def test_each_half_of_a_bilingual_message_is_judged_in_its_language(loaded: Filter) -> None:
    for first, second in ((ADDRESS["fr"], REVIEW["en"]), (REVIEW["en"], ADDRESS["fr"]), (ADDRESS["en"], REVIEW["fr"])):
        decision = loaded.check(Message.of(body=f"{first}\n\n{second}"))
        assert present(decision) >= {"address_issue", "review_request"}, (first, second)
        assert decision.content == "mixed_solicit"


def test_a_message_said_twice_in_two_languages_is_critical(loaded: Filter) -> None:
    decision = loaded.check(Message.of(body=f"{ADDRESS['fr']}\n\n-----\n\n{ADDRESS['en']}"))
    assert (decision.content, decision.verdict) == ("critical", "allow")


@pytest.mark.parametrize(
    "body",
    [
        "Bună ziua, vă rugăm să ne spuneți dacă produsul a ajuns în stare bună și dacă sunteți mulțumit de el. "
        "Ne-ar ajuta foarte mult să știm părerea dumneavoastră despre magazin.",
        "Здравствуйте, напишите нам, пожалуйста, отзыв о товаре, это очень поможет нашему магазину.",
        "お客様、商品はいかがでしたか。レビューを書いていただけると嬉しいです。よろしくお願いいたします。",
        "Dobrý den, prosíme o recenzi na náš obchod, moc by nám to pomohlo, děkujeme vám a přejeme hezký den, váš tým.",
    ],
    ids=["ro", "ru", "ja", "cs"],
)
def test_a_language_outside_the_eight_is_uncertain(loaded: Filter, body: str) -> None:
    decision = loaded.check(Message.of(body=body))
    assert (decision.content, decision.verdict) == ("uncertain", "allow")
    assert "uncertain" in decision.flags


@pytest.mark.parametrize("body", ["", "ok", "Rhubarb, rhubarb.", "12345", "🙂", "\n \n", "qwrtz xcvb mnbv"])
def test_where_no_rule_finds_anything_the_message_is_uncertain_never_neutral(loaded: Filter, body: str) -> None:
    decision = loaded.check(Message.of(body=body))
    assert decision.model is None
    assert not present(decision)
    assert (decision.content, decision.verdict) == ("uncertain", "allow")


def test_uncertain_is_delivered_though_the_buyer_opted_out(loaded: Filter) -> None:
    decision = loaded.check(Message.of(body="Rhubarb, rhubarb."), {"buyer_opted_out": "yes"})
    assert (decision.verdict, decision.reason) == ("allow", "uncertain")


TAGGED = ["[Important] Your order", "[IMPORTANT] Votre commande", "[Wichtig] Ihre Bestellung", "[Ważne] Zamówienie"]


@pytest.mark.parametrize("subject", TAGGED)
def test_a_tag_decides_nothing_for_a_review_request(loaded: Filter, subject: str) -> None:
    assert loaded.check(Message.of(subject=subject, body=REVIEW["en"])).verdict == "bounce"


def test_a_claimed_tag_is_false_where_nothing_critical_stands_and_inherited_it_is_no_claim(loaded: Filter) -> None:
    body = "Hello, your parcel was delivered yesterday. Kind regards"
    claimed = loaded.check(Message.of(subject="[Important] Your parcel", body=body))
    inherited = loaded.check(Message.of(subject="Re: [Important] Your parcel", body=body))
    assert claimed.content == "fake_important"
    assert inherited.content != "fake_important"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_rule_of_another_language_has_no_say(loaded: Filter, lang: str) -> None:
    """Links and numbers are facts of the message, but who may make what of them is said by the rule's languages."""
    languages = {f"rule:{rule.id}": rule.languages for rule in loaded.plan.rules}
    message = Message.of(body="07700 900 461, shop@shop.example, https://shop.example/", lang=lang)
    _, findings = loaded.find(message)
    assert findings
    assert not [f.by for f in findings if lang not in languages[f.by] and "any" not in languages[f.by]]


# --- the same ground gives the same decision --------------------------------------------------------------------------

_JUDGE = """
import json, sys
from pathlib import Path
from engine import Filter, Message
loaded = Filter.load(model="off")
for path in sys.argv[1:]:
    decision = loaded.check(Message.parse(Path(path).read_bytes()), id=Path(path).name)
    print(json.dumps(decision.to_json(), ensure_ascii=False))
"""


def in_another_process(*paths: Path, seed: str) -> list[str]:
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", _JUDGE, *map(str, paths)], cwd=ROOT, env=env, capture_output=True, encoding="utf-8", check=True
    )  # fmt: skip
    return done.stdout.splitlines()


def test_the_same_mail_gives_the_same_bytes_again_in_another_order_and_in_another_process(loaded: Filter) -> None:
    def judged(path: Path) -> str:
        return text_of(loaded.check(Message.parse(path.read_bytes()), id=path.name))

    first = [judged(path) for path in SAMPLES]
    assert [judged(path) for path in reversed(SAMPLES)][::-1] == first
    assert in_another_process(*SAMPLES, seed="1") == first
    assert in_another_process(*SAMPLES, seed="4711") == first


def _judged_in_child(bodies: list[str]) -> list[str]:
    loaded = Filter.load(model="off")
    return [text_of(decision) for decision in loaded.check_many(Message.of(body=body) for body in bodies)]


def test_two_processes_at_once_agree(loaded: Filter) -> None:
    bodies = [*REVIEW.values(), *ADDRESS.values()] * 3
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        one, other = pool.map(_judged_in_child, [bodies, bodies])
    assert one == other == [text_of(loaded.check(Message.of(body=body))) for body in bodies]


def test_a_filter_loaded_in_one_thread_serves_in_another(loaded: Filter) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(loaded.check(Message.of(body=REVIEW["en"])).verdict))
    thread.start()
    thread.join()
    assert found == ["bounce"]


def test_one_filter_after_another_does_not_change_the_first(loaded: Filter) -> None:
    before = text_of(loaded.check(Message.of(body=REVIEW["en"])))
    Filter.load(profile="opt-out", model="off").check(Message.of(body=REVIEW["en"]), {"buyer_opted_out": "yes"})
    assert text_of(loaded.check(Message.of(body=REVIEW["en"]))) == before


# --- evidence ---------------------------------------------------------------------------------------------------------


def evidence_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [span for result in record["intents"] for span in result["evidence"]] + [
        span for noted in (*record["warnings"], *record["shadow"]) for span in noted["evidence"]
    ]


def misquoted(message: Message, record: dict[str, Any], given: dict[str, str]) -> list[Any]:
    """Return the evidence that does not quote what was given: the strings of a record, else a text of the message."""
    first: dict[str, str] = {}
    for text in message.texts:
        for region in text.regions:
            first.setdefault(region.kind, text.source)
    wrong = []
    for span in evidence_of(record):
        source = span.get("source", first.get(span["part"]))
        texts = [given[span["part"]]] if span["part"] in given else [
            text.text for text in message.texts
            if text.source == source and any(region.kind == span["part"] for region in text.regions)
        ]  # fmt: skip
        if span["text"] not in [text[span["start"] : span["end"]] for text in texts] or not span["text"]:
            wrong.append(span)
    return wrong


def test_evidence_quotes_the_very_strings_of_every_record_of_the_unread_fifth(loaded: Filter) -> None:
    unread = {id_ for id_, fold in split.folds(CORPUS).items() if fold == split.TEST_FOLD}
    wrong: dict[str, Any] = {}
    spans = 0
    for labelled in split.corpus(CORPUS):
        if labelled.id not in unread:
            continue
        message = Message.of(
            subject=labelled.subject, body=labelled.body, in_reply=labelled.in_reply, lang=labelled.lang
        )
        given = {"subject": labelled.subject, **dict.fromkeys(("body", "quoted", "signature"), labelled.body)}
        record = loaded.check(message, id=labelled.id).to_json()
        spans += len(evidence_of(record))
        if found := misquoted(message, record, given):
            wrong[labelled.id] = found
    assert spans > 1000
    assert not wrong, f"{len(wrong)} messages, for instance {dict(list(wrong.items())[:2])}"


def test_evidence_in_mails_quotes_the_text_as_a_person_sees_it(loaded: Filter) -> None:
    paths = [*SAMPLES, *sorted((ROOT / "tests" / "fixtures").glob("*/*.eml"))]
    wrong = {}
    for path in paths:
        message = Message.parse(path.read_bytes())
        if found := misquoted(message, loaded.check(message).to_json(), {}):
            wrong[path.name] = found
    assert not wrong


def test_evidence_over_a_soft_line_end_quotes_the_line_end(loaded: Filter) -> None:
    body = (
        "Bonjour Madame, nous espérons que tout va bien et que le colis est arrivé, pourriez-vous laisser un\n"
        "petit avis sur le produit ? Merci beaucoup et à bientôt dans notre petite boutique de Nantes."
    )
    record = loaded.check(Message.of(body=body)).to_json()
    across = [span for span in evidence_of(record) if span["start"] < body.index("\n") < span["end"]]
    assert across
    assert all(span["text"] == body[span["start"] : span["end"]] for span in across)


def test_evidence_of_disguised_words_quotes_the_disguise(loaded: Filter) -> None:
    body = "Hello, could you please leave us a short re\u200bview of the product? Five st\u00adars would be grеat."
    record = loaded.check(Message.of(body=body)).to_json()
    assert not misquoted(Message.of(body=body), record, {"body": body})
    assert any("re\u200bview" in span["text"] for span in evidence_of(record))


# --- anything at all --------------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.text(max_size=80),
    st.sampled_from([*REVIEW.values(), *ADDRESS.values(), "[Important]", "> ", "\n-- \n", "On Tue, X wrote:\n", "\x00",
                     "https://a.example/?x=1", "07700 900 461", "w h a t s a p p", "\u202e", "e\u0301", "ﬁ"]),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)


def known_words(decision: Decision) -> None:
    assert decision.verdict in VERDICTS
    assert decision.reason in REASONS
    assert decision.content in CONTENTS


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=TEXTS, body=TEXTS, html=st.one_of(st.just(""), TEXTS), in_reply=st.booleans())
def test_any_text_gets_one_of_the_known_verdicts(
    loaded: Filter, subject: str, body: str, html: str, in_reply: bool
) -> None:
    message = Message.of(subject=subject, body=body, html=html, in_reply=in_reply)
    decision = loaded.check(message)
    known_words(decision)
    record = decision.to_json()
    jsonschema.validate(record, SCHEMA)
    assert not misquoted(message, record, {"subject": subject} if not html else {})


UTF7 = b"Subject: hello\nContent-Type: text/plain; charset=utf-7\n\nabc +2AA- def\n"


@pytest.mark.parametrize(
    "message",
    [Message.of(body="a \ud800 b"), Message.of(subject="\udfff"), Message.parse(UTF7)],
    ids=["body", "subject", "mail in UTF-7"],
)
def test_half_a_surrogate_pair_is_judged(loaded: Filter, message: Message) -> None:
    decision = loaded.check(message)
    known_words(decision)
    text_of(decision).encode("utf-8")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=400))
def test_any_bytes_get_one_of_the_known_verdicts(loaded: Filter, raw: bytes) -> None:
    known_words(loaded.check(Message.parse(raw)))


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Return `raw` with a few bytes changed, pieces cut out, doubled or moved, and line ends broken."""
    mail = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        at, to = sorted(chance.randrange(len(mail) + 1) for _ in range(2))
        to = min(to, at + 200)
        piece = bytes(mail[at:to])
        match chance.randrange(7):
            case 0:
                mail[at:to] = b""
            case 1:
                mail[at:at] = piece * chance.randint(1, 20)
            case 2:
                mail[at:to] = bytes(chance.randrange(256) for _ in piece)
            case 3:
                mail[at:to] = piece[::-1]
            case 4:
                mail[at:to] = piece.replace(b"\n", b"\r")
            case 5:
                mail = mail[: max(to, 1)]
            case _:
                other = chance.choice(SAMPLES).read_bytes()
                mail[at:to] = other[: chance.randrange(len(other))]
    return bytes(mail)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_mutated_sample_mails_never_raise(loaded: Filter, path: Path) -> None:
    raw = path.read_bytes()
    chance = random.Random(path.name)
    for _ in range(40):
        mail = mutated(raw, chance)
        message = Message.parse(mail)
        decision = loaded.check(message)
        known_words(decision)
        record = decision.to_json()
        assert not misquoted(message, record, {})
        json.dumps(record, ensure_ascii=False).encode("utf-8")
