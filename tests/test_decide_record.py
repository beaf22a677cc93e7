"""Context, tag, decision and record."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.decide
from engine.decide import words
from engine.decide.context import Context
from engine.decide.record import Language
from engine.decide.tag import is_claimed
from engine.errors import UsageError
from engine.find.finding import STRENGTHS, Span
from engine.message.parts import PART_KINDS, Region, Text
from tests.decide_helpers import decided, finding, flag, message, profile

SCHEMA = json.loads((Path(engine.decide.__file__).parent / "decision.schema.json").read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)
FIRST_KEYS = [
    "schema", "id", "decision", "message", "verdict", "by", "smtp", "row", "reason", "flags", "profile", "content",
]  # fmt: skip


# -- context -----------------------------------------------------------------------------------------------------------


def test_nothing_given_is_assumed() -> None:
    context = Context.of(None)
    assert context.words() == words.CONTEXT_DEFAULTS
    assert context.assumed == tuple(words.CONTEXT_DEFAULTS)
    assert Context() == context


def test_what_is_given_is_not_assumed_and_null_is_not_given() -> None:
    context = Context.of({"buyer_opted_out": "yes", "order": "open", "quota": None})
    assert (context.buyer_opted_out, context.order, context.quota) == ("yes", "open", "under")
    assert context.assumed == ("recipient", "sender", "reply", "quota", "bounce_notices")


def test_true_and_false_are_what_yaml_makes_of_the_words() -> None:
    context = Context.of({"buyer_opted_out": True, "bounce_notices": False})
    assert (context.buyer_opted_out, context.bounce_notices) == ("yes", "off")


def test_a_buyer_who_wrote_first_makes_it_a_reply_unless_the_mapping_knows_better() -> None:
    assert Context.of({}, in_reply=True).reply == "thread"
    assert "reply" not in Context.of({}, in_reply=True).assumed
    assert Context.of({"reply": "none"}, in_reply=True).reply == "none"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"buyer_opted": "yes"}, r"'buyer_opted'.*Did you mean 'buyer_opted_out'\?.*recipient, sender"),
        ({"quota": "ovr"}, r"quota knows no 'ovr'\. Did you mean 'over'\? Allowed: under, over"),
        ({"quota": True}, r"quota knows no True\. Allowed: under, over"),
        ({"reply": 3}, "none, thread"),
        ({"buyer_opted_out": ["yes"]}, "no, yes"),
        ({7: "yes"}, "knows no 7"),
        (["yes"], "must be a mapping"),
    ],
)
def test_a_wrong_word_is_named_with_the_allowed_ones(mapping: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Context.of(mapping)


# -- tag ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "[Important] Votre adresse", "[IMPORTANT]", "Adresse [wichtig]", "[Importante]", "[Belangrijk]", "[Ważne]",
        "[ważne]", "[Viktigt] x", "［重要］ x", "【重要】", "［Important］", "[ Important ! ]", "[Impor\u200btant]",
        "【ＩＭＰＯＲＴＡＮＴ】",
    ],
)  # fmt: skip
def test_a_tag_is_claimed(subject: str) -> None:
    assert is_claimed(subject, profile().tag_words)


PREFIXES = [
    "Re: ",
    "RE : ",
    "AW: ",
    "SV: ",
    "Antw: ",
    "Odp: ",
    "R: ",
    "Rif: ",
    "TR: ",
    "Fwd: ",
    "WG: ",
    "Re[2]: ",
    "re：",
    " Re:",
]


@pytest.mark.parametrize(
    "subject", [*(p + "[Important] x" for p in PREFIXES), "Important: x", "[importantly]", "", "[]", "[["]
)
def test_a_tag_is_not_claimed(subject: str) -> None:
    assert not is_claimed(subject, profile().tag_words)


def test_tag_words_are_the_profiles() -> None:
    assert not is_claimed("[Important]", ["Urgent"])
    assert is_claimed("[urgent]", ["Urgent"])


# -- decision ----------------------------------------------------------------------------------------------------------


def test_the_record_is_that_of_the_readme() -> None:
    span = Span("body", 31, 58, "laisser un petit avis", "record")
    hit = finding("review_request.product", by="rule:review.ask-opinion.fr", spans=(span,))
    record = decided(hit, id="a.eml").to_json()
    assert list(record)[:12] == FIRST_KEYS
    assert record["intents"] == [
        {
            "intent": "review_request", "kind": "product", "state": "present", "score": 0.99,
            "by": ["rule:review.ask-opinion.fr"],
            "evidence": [{"part": "body", "start": 31, "end": 58, "text": "laisser un petit avis"}],
        }
    ]  # fmt: skip
    assert (record["verdict"], record["by"], record["smtp"], record["row"]) == ("bounce", "notice", "250 2.0.0", "W10")
    assert (record["reason"], record["content"], record["content_row"]) == (
        "prohibited_solicitation",
        "review_request",
        "C08",
    )
    assert record["language"] == {"code": "fr", "confidence": 0.99}
    VALID.validate(record)


def test_a_decision_is_frozen_and_takes_an_id() -> None:
    decision = decided(finding("marketing"))
    with pytest.raises(FrozenInstanceError):
        decision.verdict = "allow"  # type: ignore[misc]
    assert replace(decision, id="7").to_json()["id"] == "7"


def test_the_id_is_a_digest_of_the_ground() -> None:
    one = decided(finding("marketing"))
    assert one.decision == decided(finding("marketing"), id="other").decision
    others = [
        decided(finding("marketing"), context={"buyer_opted_out": "yes"}),
        decided(finding("marketing"), in_reply=True),
        decided(finding("marketing"), profile=profile("opt-out")),
        decided(finding("marketing"), model="model:1"),
        decided(finding("marketing"), rules_digest="sha256:2"),
        decided(finding("marketing"), message=message(language_hint="de")),
    ]
    assert len({one.decision, *(d.decision for d in others)}) == 7


def content(*findings: Any, **more: Any) -> str:
    return decided(*findings, **more).content


def test_what_is_judged_in_part_is_uncertain_unless_something_was_found() -> None:
    assert content() == "uncertain"  # no model, no rule
    assert content(model="model:1") == "neutral"
    assert content(finding("other")) == "neutral"
    assert content(finding("other"), language=Language("pt", 0.9)) == "uncertain"
    assert content(finding("other"), language=Language("und", 0.0)) == "neutral"
    assert content(finding("other"), message=message(flags=("unreadable",))) == "uncertain"
    assert content(finding("other"), judged_partial=True) == "uncertain"
    assert content(finding("marketing"), language=Language("pt", 0.9)) == "marketing"
    assert content(finding("marketing", "weak")) == "uncertain"
    assert content(finding("marketing", "weak"), finding("other")) == "neutral"


def test_content_follows_the_classes_of_the_profile() -> None:
    address = finding("address_issue")
    assert content(address, finding("stock_out.delay")) == "mixed_info"
    assert content(address, finding("marketing")) == "mixed_solicit"
    assert content(address, context={"order": "none"}) == "critical_no_order"
    assert content(finding("other.legal_notice")) == "legal_notice"
    assert content(finding("stock_out.delay"), finding("marketing")) == "marketing"
    assert (
        content(finding("stock_out.delay", "strong"), finding("redundant_confirmation.refund"))
        == "redundant_confirmation"
    )
    assert content(finding("marketing"), tag_claimed=True) == "fake_important"
    assert content(finding("stock_out.delay"), profile=profile("examples/riders-and-delays")) == "neutral"
    shipped = finding("redundant_confirmation.shipment")
    assert content(shipped, profile=profile("examples/no-shipping-notices")) == "neutral"


def test_flags_come_from_rows_message_places_and_rules_each_once() -> None:
    decision = decided(
        finding("other"), finding("marketing", part="signature"), finding("stock_out.out", "weak"),
        flag("outside_link"), flag("outside_link"), flag("in_quotation", part="quoted"),
        flag("on_trial", status="shadow"),
        message=message(flags=("truncated",)), context={"reply": "thread", "quota": "over"},
    )  # fmt: skip
    assert decision.flags == ("borderline", "over_quota", "truncated", "solicitation_in_signature", "outside_link")


def test_rules_on_trial_stand_in_the_record() -> None:
    record = decided(
        finding("other"), finding("marketing", status="warn"), finding("stock_out.out", status="shadow")
    ).to_json()
    assert (record["verdict"], record["flags"]) == ("allow", ["warned"])
    assert [w["label"] for w in record["warnings"]] == ["marketing"]
    assert [s["by"] for s in record["shadow"]] == ["rule:stock_out.out.certain"]
    VALID.validate(record)


def test_mail_that_is_not_for_a_buyer_leaves_no_content() -> None:
    decision = decided(finding("marketing"), flag("x"), context={"recipient": "not_alias_domain"})
    record = decision.to_json()
    assert (record["verdict"], record["smtp"], record["by"], record["content"]) == ("not_judged", None, None, None)
    assert (record["intents"], record["flags"], decision.aside) == ([], [], ())
    VALID.validate(record)


def test_evidence_names_its_source_only_where_it_is_not_the_first() -> None:
    plain = Text("text/plain", "abcdef", (Region("body", 0, 6),))
    html = Text("text/html", "abcdefgh", (Region("body", 0, 8),))
    spans = Span("body", 0, 3, "abc", "text/plain"), Span("body", 5, 8, "fgh", "text/html")
    evidence = decided(finding("marketing", spans=spans), message=message(plain, html)).to_json()["intents"][0][
        "evidence"
    ]
    assert evidence == [
        {"part": "body", "start": 5, "end": 8, "text": "fgh", "source": "text/html"},
        {"part": "body", "start": 0, "end": 3, "text": "abc"},
    ]


CONTEXTS = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in words.CONTEXT_WORDS.items()})
HITS = st.builds(
    finding, st.sampled_from(words.LABELS), st.sampled_from(STRENGTHS), st.sampled_from(PART_KINDS),
    status=st.sampled_from(["enforce", "warn", "shadow", "draft"]),
)  # fmt: skip


@given(st.lists(HITS, max_size=8), CONTEXTS, st.booleans(), st.booleans(), st.sampled_from(["strict", "opt-out"]))
def test_every_record_fits_the_schema(
    hits: list[Any], context: dict[str, str], tag: bool, reply: bool, name: str
) -> None:
    decision = decided(*hits, context=context, tag_claimed=tag, in_reply=reply, profile=profile(name))
    record = json.loads(json.dumps(decision.to_json()))
    VALID.validate(record)
    assert list(record) == list(SCHEMA["properties"])


def test_the_schema_knows_the_words_of_the_policy() -> None:
    properties, definitions = SCHEMA["properties"], SCHEMA["$defs"]
    assert properties["reason"]["enum"] == list(words.REASONS)
    assert properties["verdict"]["enum"] == list(words.VERDICTS)
    assert properties["content"]["enum"] == [*words.CONTENTS, None]
    assert definitions["evidence"]["properties"]["part"]["enum"] == list(PART_KINDS)
    assert definitions["noted"]["properties"]["label"]["enum"] == list(words.LABELS)
    context = properties["context"]["properties"]
    assert {k: v["enum"] for k, v in context.items() if k != "assumed"} == {
        k: list(v) for k, v in words.CONTEXT_WORDS.items()
    }


def test_the_rulebook_knows_the_same_intents() -> None:
    from engine.rulebook.schema import INTENTS

    assert INTENTS == words.INTENTS


def test_the_record_loads_nothing_heavy() -> None:
    code = "import sys, engine.decide.record; print([m for m in ('yaml', 'pydantic', 'durable') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
