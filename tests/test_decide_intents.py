"""How evidence adds up, where it counts, and which flags follow from where it stands."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide.intents import Intents, judge
from engine.decide.weights import Weights
from engine.decide.weights_file import load_weights
from engine.decide.words import INTENTS, LABELS
from engine.find.finding import STRENGTHS, Finding, Span
from tests.decide_helpers import RULES, finding, profile, weights

CRITICAL = ("customization", "delivery_scheduling", "address_issue")


def judged(*findings: Finding, name: str = "strict") -> Intents:
    return judge(findings, profile(name), weights())


def state(label: str, *findings: Finding) -> str:
    return next((r.state for r in judged(*findings).results if r.label == label), "absent")


@pytest.mark.parametrize("label", LABELS)
def test_one_hit_of_each_strength(label: str) -> None:
    assert state(label, finding(label, "certain")) == "present"
    assert state(label, finding(label, "strong")) == "present"
    assert state(label, finding(label, "weak")) == "possible"
    assert state(label, finding(label, "against")) == "absent"


@pytest.mark.parametrize("label", LABELS)
def test_evidence_against(label: str) -> None:
    both = finding(label, "strong"), finding(label, "against")
    assert state(label, *both) == ("possible" if label in CRITICAL else "absent")
    assert state(label, finding(label, "certain"), finding(label, "against")) == "present"


def test_scores_are_sums_of_log_odds() -> None:
    result = judged(finding("marketing", "strong"), finding("marketing", "weak")).results[0]
    assert result.score == pytest.approx(1 / (1 + 2.718281828**-1.5))
    assert [c.log_odds for c in result.contributions] == [2.5, 1]
    assert judged(finding("marketing")).results[0].score == 0.99


def test_a_rule_counts_once_with_all_its_words() -> None:
    spans = [(Span("body", n, n + 3, "abc", "record"),) for n in (0, 9)]
    result = judged(*(finding("marketing", "weak", spans=s) for s in spans)).results[0]
    assert result.state == "possible"
    assert [s.start for s in result.evidence] == [0, 9]
    assert result.by == ("rule:marketing.weak",)


def test_what_speaks_against_an_intent_speaks_against_all_its_kinds() -> None:
    hits = [finding(f"review_request.{kind}", "strong") for kind in INTENTS["review_request"]]
    assert {r.state for r in judged(*hits, finding("review_request", "against")).results} == {"absent"}
    states = {r.label: r.state for r in judged(*hits, finding("review_request.seller", "against")).results}
    assert states["review_request.seller"] == "absent"
    assert states["review_request.product"] == "present"


def test_a_finding_without_a_kind_counts_for_the_intent_as_a_whole() -> None:
    result = judged(finding("stock_out", "strong")).results[0]
    assert (result.intent, result.kind, result.klass, result.state) == ("stock_out", "", "info", "present")


@pytest.mark.parametrize("critical", ["strong", "weak"])
def test_a_solicitation_beside_a_critical_request_must_be_surer(critical: str) -> None:
    beside = finding("address_issue", critical)
    assert state("marketing", beside, finding("marketing", "strong")) == "possible"
    assert state("marketing", beside, finding("marketing", "strong"), finding("marketing", "strong", by="rule:two")) == "present"
    assert state("marketing", beside, finding("marketing", "certain")) == "present"
    assert state("stock_out.delay", beside, finding("stock_out.delay", "strong")) == "present"


def test_a_model_stands_in_the_place_of_the_prior() -> None:
    model = finding("marketing", None, by="model:1", log_odds=1.0)
    assert judged(model).results[0].score == pytest.approx(0.731, abs=0.001)
    assert state("marketing", model) == "present"
    assert judged(model, finding("marketing", "against")).results[0].score == pytest.approx(0.55, abs=0.001)
    assert state("marketing", finding("marketing", None, by="model:1", log_odds=-3.0)) == "absent"
    best = judged(*(finding("marketing", None, by="model:1", log_odds=x) for x in (-1.0, 2.0, 1.0))).results[0]
    assert [c.log_odds for c in best.contributions] == [2.0]


@pytest.mark.parametrize("label", ["marketing", "review_request.product", "stock_out.delay"])
def test_quotation_only_flags(label: str) -> None:
    intents = judged(finding(label, part="quoted"))
    assert intents.results == ()
    assert intents.flags == ("solicitation_in_quotation",)
    assert [c.aside for c in intents.aside] == ["quotation"]
    assert judged(finding(label, "weak", part="quoted")).flags == ()


@pytest.mark.parametrize("label", [*CRITICAL, "other", "other.legal_notice"])
def test_critical_words_in_a_quotation_neither_count_nor_flag(label: str) -> None:
    intents = judged(finding(label, part="quoted"))
    assert (intents.results, intents.flags) == ((), ())


def test_a_hit_in_quotation_and_body_counts_with_the_words_of_the_body() -> None:
    spans = (Span("quoted", 0, 3, "abc", "record"), Span("body", 9, 12, "abc", "record"))
    assert [s.part for s in judged(finding("marketing", spans=spans)).results[0].evidence] == ["body"]


@pytest.mark.parametrize("strength", ["certain", "strong", "weak"])
def test_a_signature_only_flags(strength: str) -> None:
    for label in ("marketing", "off_platform_contact"):
        intents = judged(finding(label, strength, part="signature"))
        assert intents.results == ()
        assert intents.flags == ("solicitation_in_signature",)


def test_a_review_request_counts_in_a_signature_and_the_pitch_in_the_body_counts_anyway() -> None:
    assert state("review_request.seller", finding("review_request.seller", part="signature")) == "present"
    assert state("marketing", finding("marketing", part="signature"), finding("marketing", by="rule:b")) == "present"


def test_hidden_text_counts_and_is_flagged() -> None:
    intents = judged(finding("marketing", part="hidden"))
    assert intents.results[0].state == "present"
    assert intents.flags == ("found_in_hidden_text",)


@pytest.mark.parametrize(("status", "flags"), [("warn", ("warned",)), ("shadow", ())])
def test_rules_on_trial_are_noted_and_never_counted(status: str, flags: tuple[str, ...]) -> None:
    intents = judged(finding("marketing", status=status))
    assert (intents.results, intents.flags) == ((), flags)
    assert [c.aside for c in intents.aside] == [status]


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_drafts_are_not_there(status: str) -> None:
    assert judged(finding("marketing", status=status)) == Intents((), (), ())


def test_the_surest_label_of_a_class_is_present_before_it_is_high() -> None:
    intents = judged(finding("stock_out.out", "strong"), finding("redundant_confirmation.order"))
    best = intents.best("info")
    assert best is not None
    assert best.label == "redundant_confirmation.order"
    assert intents.state("solicit") == "absent"


PARTS = st.sampled_from(["body", "quoted", "signature", "hidden"])
HITS = st.builds(finding, st.sampled_from(LABELS), st.sampled_from(STRENGTHS), PARTS)


@given(hits=st.lists(HITS, max_size=12), seed=st.randoms())
def test_the_order_of_findings_changes_nothing(hits: list[Finding], seed: object) -> None:
    shuffled = list(hits)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = judged(*hits), judged(*shuffled)
    assert [(r.label, r.state, round(r.score, 9)) for r in one.results] == [
        (r.label, r.state, round(r.score, 9)) for r in other.results
    ]
    assert one.flags == other.flags


@given(hits=st.lists(HITS, max_size=12), label=st.sampled_from(CRITICAL))
def test_more_evidence_for_a_critical_intent_never_lowers_it(hits: list[Finding], label: str) -> None:
    order = ["absent", "possible", "present"]
    before = state(label, *hits)
    after = state(label, *hits, finding(label, "strong", by="rule:another"))
    assert order.index(after) >= order.index(before)


def test_beside_a_model_no_rule_decides_alone() -> None:
    sure = Finding("model:1", "marketing", "", None, None, "enforce", (), log_odds=-9.0)
    assert state("marketing", finding("marketing", "certain")) == "present"
    assert state("marketing", finding("marketing", "certain"), sure) == "absent"
    assert state("marketing", finding("marketing", "certain"), replace(sure, log_odds=-3.0)) == "present"


def test_beside_a_model_rules_add_to_its_log_odds() -> None:
    model = Finding("model:1", "marketing", "", None, None, "enforce", (), log_odds=-0.5)
    (result,) = judged(model, finding("marketing", "strong")).results
    added = weights().intents["marketing"].beside_model.strong
    assert result.score == pytest.approx(1 / (1 + math.exp(0.5 - added)))


# -- the file of numbers -----------------------------------------------------------------------------------------------

WHOLE = (RULES / "intents.yaml").read_text(encoding="utf-8")
WRONG = {
    "": "T421:1:1",
    "[1]": "T421:1:1",
    WHOLE.replace("customization:", "customisation:"): "T421",
    WHOLE.replace("prior: -2", "prier: -2", 1): "T422",
    WHOLE.replace("prior: -2", "prior: low", 1): "T421",
    WHOLE.replace("strong: 2.5, ", "", 1): "T422",
    WHOLE.replace("strong: 2.5", "strong: -1", 1): "T423",
    WHOLE.replace("threshold: 0.5", "threshold: 1.5", 1): "T423",
    WHOLE.replace("threshold_beside_critical: 0.85", "threshold_beside_critical: 0.4", 1): "T423",
    WHOLE.replace("band: [0.015, 0.5]", "band: [0.7, 0.5]", 1): "T423",
    WHOLE.replace("band: [0.25, 0.85]", "band: [0.25, 0.6]", 1): "T423",
    WHOLE.replace("band: [0.015, 0.5]", "band: [0.25]", 1): "T421",
    WHOLE.replace("weights: {strong: 2.5, weak: 1, against: -3}", "weights: 3", 1): "T421",
    WHOLE.replace("beside_model: {certain: 4", "beside_model: {certain: 0.1", 1): "T423",
    WHOLE.replace("beside_model: {certain: 4,", "beside_model: {", 1): "T422",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_wrong_numbers_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "intents.yaml"
    path.write_text(text, encoding="utf-8")
    found, problems = load_weights(path)
    assert found is None
    assert f"{problems[0].code}:{problems[0].line}:{problems[0].col}".startswith(WRONG[text]), problems[0].render()


def test_a_plan_carries_the_numbers() -> None:
    assert Weights.from_plan(json.loads(json.dumps(weights().to_plan()))) == weights()
