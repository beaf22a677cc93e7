"""Explanations: every text in every language, what short and long ones say, and golden files to read them by eye.

After a deliberate change write the golden files anew: `UPDATE_GOLDEN=1 pytest tests/test_decide_explain.py`.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

from engine.decide import words
from engine.decide.explain import explain, shipped_texts
from engine.decide.policy import Policy
from engine.decide.profile_check import all_states
from engine.decide.record import Decision
from engine.decide.texts import KEYS, Texts
from engine.decide.texts_file import load_texts
from engine.errors import UsageError
from engine.find.finding import Span
from tests.decide_helpers import RULES, decided, finding, flag, profile

GOLDEN = Path(__file__).parent / "golden" / "explain"
LANGUAGES = words.LANGUAGES
BRANDS = re.compile("amazon|ebay|allegro|bol\\.com|zalando|cdiscount|fnac", re.IGNORECASE)


@cache
def texts(lang: str) -> Texts:
    return shipped_texts(lang)


def say(decision: Decision, lang: str = "en", long: bool = False) -> str:
    return explain(decision, lang, long, texts=texts(lang))


def span(text: str, part: str = "body", start: int = 0) -> Span:
    return Span(part, start, start + len(text), text, "record")  # type: ignore[arg-type]


REVIEW = finding(
    "review_request.product", by="rule:review.ask-opinion.fr", spans=(span("laisser un petit avis"),),
    title="Asks the buyer for stars or an opinion", excused=("carrier",),
)  # fmt: skip
SCENES = {
    "mixed": lambda: decided(
        REVIEW,
        finding("address_issue", "strong", by="rule:address.incomplete.fr", spans=(span("numéro de rue"),)),
        finding("marketing", "strong", part="signature"),
        finding("stock_out.delay", "weak"), finding("stock_out", "against"), finding("other", status="shadow"),
    ),
    "shipment": lambda: decided(
        finding("redundant_confirmation.shipment", spans=(span("on its way", "subject"),)),
        context={"buyer_opted_out": "yes"}, profile=profile("opt-out"),
    ),
    "stock": lambda: decided(
        finding("stock_out.out"), flag("outside_link"), context={"buyer_opted_out": "yes", "bounce_notices": "off"}
    ),
    "reply": lambda: decided(
        finding("other"), finding("stock_out.out", "weak"), in_reply=True, context={"quota": "over"}
    ),
    "nothing": lambda: decided(),
    "stranger": lambda: decided(finding("marketing"), context={"sender": "not_authorised"}),
    "not ours": lambda: decided(finding("marketing"), context={"recipient": "not_alias_domain"}),
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_golden(lang: str) -> None:
    shown = "\n\n".join(f"## {name}\n{say(make(), lang, long=True)}" for name, make in SCENES.items()) + "\n"
    path = GOLDEN / f"{lang}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_every_text(lang: str) -> None:
    entries = texts(lang).entries
    assert set(entries) == set(KEYS)
    assert set(entries) == set(texts("en").entries)
    assert not [key for key, text in entries.items() if text != text.strip() or BRANDS.search(text)]


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_sentences_are_translated(lang: str) -> None:
    english = texts("en").entries
    sections = ("verdict.", "reason.", "do.", "kind.", "advice.", "flag.", "part.")
    assert not [k for k, text in texts(lang).entries.items() if k.startswith(sections) and text == english[k]]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["strict", "opt-out"])
def test_every_answer_of_the_policy_can_be_explained(lang: str, name: str) -> None:
    policy: Policy = profile(name).policy
    seen = {}
    for state in all_states(words.VERDICT_STATE):
        row = policy.verdict(state)
        seen.setdefault(row.id, {key: value for key, value in state.items() if key != "content"})
    for context in seen.values():
        decision = decided(finding("marketing"), finding("customization"), context=context, profile=profile(name))
        shown = say(decision, lang, long=True)
        assert texts(lang).get(f"reason.{decision.reason}") in shown
        assert not re.search(r"[{}]", shown)


def test_the_short_one_says_what_why_which_words_and_what_to_do() -> None:
    lines = say(SCENES["mixed"]()).splitlines()
    assert lines[0] == "The message is not delivered. The seller receives a notice."
    assert lines[1].startswith("Why: The message advertises or asks")
    assert lines[2] == "Found: request for a product review — “laisser un petit avis”"
    assert lines[3].startswith("What to do: Remove the words quoted above")
    assert lines[4].startswith("What to do: Please do not ask for ratings")
    assert lines[5] == "Note: The signature contains advertising or contact details."
    assert len(lines) == 6


def test_advice_follows_the_kind() -> None:
    assert "Confirm the shipment on the orders page" in say(SCENES["shipment"]())
    assert "cancel it instead" in say(SCENES["stock"]())
    assert "cancel the order instead" in say(decided(finding("stock_out.alternative")))
    assert "in return for a rating" in say(decided(finding("review_request.incentive")))
    assert "invites buyers to rate" in say(decided(finding("review_request.seller")))
    assert "What to do" not in say(decided(finding("stock_out.out"), profile=profile("opt-out")))
    assert "Advertising" not in say(SCENES["stranger"]())


def test_what_is_only_suspected_is_shown_where_it_is_flagged() -> None:
    assert "Found: notice that an item is out of stock" in say(SCENES["reply"]())
    assert "Found" not in say(decided(finding("other")))


def test_the_long_one_shows_what_was_weighed_and_what_was_set_aside() -> None:
    shown = say(SCENES["mixed"](), long=True)
    assert "  request for a product review [review_request.product]: present (score 0.99, threshold 0.85)" in shown
    assert "+2.50 strong, rule:address.incomplete.fr — “numéro de rue”" in shown
    assert "−2.50 against, rule:stock_out.against" in shown
    assert "(other matches excused by carrier)" in shown
    assert "only in the signature" in shown
    assert "rule on trial" in shown
    assert "Content: mixed_solicit (row C01)" in shown
    assert "Verdict: bounce (row W10, profile strict)" in shown
    assert "+1.00 model, model:1" in say(decided(finding("marketing", None, by="model:1", log_odds=1.0)), long=True)


def test_words_are_cut_cleaned_and_named_by_part() -> None:
    hit = finding(
        "marketing", spans=(span("a\n\tb\x1b[31m\u202e\u200b"), span("x" * 300, "hidden", 9), span(" ", start=7))
    )
    line = next(line for line in say(decided(hit)).splitlines() if line.startswith("Found"))
    assert "“a b[31m”, “xxx" in line
    assert line.endswith("x…” (in hidden text)")
    assert len(line) < 150
    assert "\x1b" not in line


def test_a_flag_without_a_text_shows_what_its_rule_says() -> None:
    raised = flag("odd_thing")
    assert "Note: odd_thing" in say(decided(raised))
    from dataclasses import replace

    assert "Note: An odd thing" in say(decided(replace(raised, title="An odd thing")))


def test_another_language_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match="fr, en, de"):
        explain(decided(), "pt")


def test_explain_finds_the_shipped_texts() -> None:
    assert explain(decided(), "nl").startswith("Het bericht wordt bij de koper bezorgd.")


def test_a_plan_carries_the_texts() -> None:
    assert Texts.from_plan(json.loads(json.dumps(texts("pl").to_plan()))) == texts("pl")


ENGLISH = (RULES / "texts" / "en.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "T431"),
        ("verdict: 3", "T431"),
        (ENGLISH + "\nnonsense: {}", "T431"),
        (ENGLISH.replace("  allow:", "  alow:"), "T431"),
        (ENGLISH.replace('  decimal: "."', "  decimal: 3"), "T431"),
        (ENGLISH.replace('  decimal: "."\n', ""), "T432"),
        (ENGLISH.replace('"Why: {text}"', '"Why: {txt}"'), "T433"),
        (ENGLISH.replace('"Why: {text}"', '"Why"'), "T433"),
        (ENGLISH.replace('"Why: {text}"', '"Why: {text"'), "T433"),
        (ENGLISH.replace('"The message is delivered', '"The {message} is delivered'), "T433"),
    ],
)
def test_wrong_texts_are_refused_where_they_stand(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "en.yaml"
    path.write_text(text, encoding="utf-8")
    found, problems = load_texts(path)
    assert found is None
    assert code in {problem.code for problem in problems}
    assert all(problem.line >= 1 and problem.col >= 1 for problem in problems)


def test_rules_may_have_their_flags_explained(tmp_path: Path) -> None:
    path = tmp_path / "en.yaml"
    path.write_text(ENGLISH.replace("flag:\n", 'flag:\n  outside_link: "There is a link."\n'), encoding="utf-8")
    found, problems = load_texts(path)
    assert found is not None, problems
    assert "Note: There is a link." in explain(decided(flag("outside_link")), "en", texts=found)
