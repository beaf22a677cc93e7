"""The sample mails and the fixtures, judged as `./dev run` judges them: what their names promise, and a golden file.

`TAMIS_UPDATE_GOLDEN=1 pytest tests/test_samples.py` writes the golden file anew; the diff then shows what changed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine import Decision, Filter, Message
from engine.check import read_context

TESTS = Path(__file__).parent
MAILS = sorted((TESTS / "mail").glob("*.eml"))
SIGNATURES = sorted((TESTS / "fixtures" / "signatures").glob("*.eml"))
QUOTATIONS = sorted((TESTS / "fixtures" / "quotation").glob("*.eml"))
GOLDEN = TESTS / "golden" / "samples.json"
LANGUAGES = {"fr", "en", "de", "it", "es", "nl", "pl", "sv"}
PROFILES = ("strict", "opt-out")
UPDATE = os.environ.get("TAMIS_UPDATE_GOLDEN") == "1"


def name_of(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def filters() -> dict[str, Filter]:
    return {name: Filter.load(profile=name, model="off") for name in PROFILES}


@pytest.fixture(scope="module")
def context() -> dict[str, Any]:
    return read_context(str(TESTS / "mail" / "context.yaml"))


def judged(loaded: Filter, path: Path, context: dict[str, Any]) -> Decision:
    return loaded.check(Message.parse(path.read_bytes()), context, id=path.name)


def summary(decision: Decision) -> dict[str, Any]:
    """What the golden file keeps: what a reader of the table would notice, not the scores."""
    return {
        "verdict": decision.verdict,
        "row": decision.row,
        "content": decision.content,
        "language": decision.language.code,
        "labels": sorted(result.label for result in decision.intents if result.state == "present"),
    }


def why(decision: Decision) -> str:
    return json.dumps({"flags": decision.flags, **summary(decision)}, ensure_ascii=False)


# --- the sample mails -------------------------------------------------------------------------------------------------


def test_the_context_of_the_samples_says_the_strictest_case(context: dict[str, Any]) -> None:
    assert context == {"buyer_opted_out": "yes", "order": "open"}


@pytest.mark.parametrize("kind", ["critical", "mixed", "prohibited"])
def test_there_is_a_sample_of_every_kind_in_every_language(kind: str) -> None:
    assert {path.name[:2] for path in MAILS if kind in path.name} == LANGUAGES


@pytest.mark.parametrize("path", MAILS, ids=name_of)
def test_a_sample_is_judged_as_its_name_says(
    path: Path, filters: dict[str, Filter], context: dict[str, Any]
) -> None:
    decision = judged(filters["strict"], path, context)
    assert decision.language.code == path.name[:2]
    kind = next(kind for kind in ("critical", "mixed", "prohibited") if kind in path.name)
    if kind == "critical":
        assert (decision.verdict, decision.content) == ("allow", "critical"), why(decision)
    elif kind == "prohibited":
        assert decision.verdict in ("bounce", "block"), why(decision)
        assert decision.reason in ("prohibited_solicitation", "prohibited_information"), why(decision)
    else:
        assert decision.content in ("mixed_solicit", "mixed_info"), why(decision)


@pytest.mark.parametrize("path", [path for path in MAILS if "critical" in path.name], ids=name_of)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("opted_out", ["yes", "no"])
def test_a_critical_sample_passes_whatever_the_buyer_prefers(
    path: Path, profile: str, opted_out: str, filters: dict[str, Filter]
) -> None:
    decision = judged(filters[profile], path, {"buyer_opted_out": opted_out})
    assert decision.verdict == "allow", why(decision)


@pytest.mark.parametrize("path", [path for path in MAILS if "critical" not in path.name], ids=name_of)
def test_what_stopped_a_sample_is_shown_in_its_own_words(
    path: Path, filters: dict[str, Filter], context: dict[str, Any]
) -> None:
    message = Message.parse(path.read_bytes())
    record = filters["strict"].check(message, context).to_json()
    shown = [span["text"] for result in record["intents"] for span in result["evidence"]]
    assert shown
    everything = "\n".join(text.text for text in message.texts).split()
    assert all(" ".join(words.split()) in " ".join(everything) for words in shown)


def test_the_samples_are_decided_as_in_the_golden_file(filters: dict[str, Filter], context: dict[str, Any]) -> None:
    now = {path.name: summary(judged(filters["strict"], path, context)) for path in MAILS}
    if UPDATE:
        GOLDEN.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", "utf-8")
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert list(now) == list(golden), "the sample mails changed; set TAMIS_UPDATE_GOLDEN=1 to write the golden file"
    assert now == golden


# --- signatures: a critical message with an ordinary signature is a critical message ----------------------------------


def test_there_are_thirty_signatures_in_eight_languages() -> None:
    assert len(SIGNATURES) >= 30
    assert {path.name[:2] for path in SIGNATURES} == LANGUAGES


@pytest.mark.parametrize("path", SIGNATURES, ids=name_of)
def test_a_critical_mail_with_a_signature_passes_in_both_profiles(path: Path, filters: dict[str, Filter]) -> None:
    for profile in PROFILES:
        for opted_out in ("yes", "no"):
            decision = judged(filters[profile], path, {"buyer_opted_out": opted_out})
            assert decision.verdict == "allow", f"{profile}, opted out {opted_out}: {why(decision)}"
            assert decision.content in ("critical", "mixed_info"), f"let through as if unread: {why(decision)}"


@pytest.mark.parametrize("path", SIGNATURES, ids=name_of)
def test_a_signature_or_legal_footer_never_makes_a_critical_mail_mixed(path: Path, filters: dict[str, Filter]) -> None:
    decision = judged(filters["strict"], path, {})
    assert decision.content == "critical", why(decision)


@pytest.mark.parametrize("path", SIGNATURES, ids=name_of)
def test_no_solicitation_is_found_in_the_new_text_above_a_signature(path: Path, filters: dict[str, Filter]) -> None:
    decision = judged(filters["strict"], path, {})
    wrong = [
        (result.label, [span.text for span in result.evidence])
        for result in decision.intents
        if result.state == "present" and result.klass == "solicit"
    ]
    assert not wrong


# --- quotations: a pitch there is flagged, and is no reason to stop the message ---------------------------------------


def test_there_are_smuggled_pitches_in_eight_languages() -> None:
    assert {path.name[:2] for path in QUOTATIONS} == LANGUAGES


@pytest.mark.parametrize("path", QUOTATIONS, ids=name_of)
def test_a_pitch_in_a_quotation_is_flagged(path: Path, filters: dict[str, Filter]) -> None:
    for profile in PROFILES:
        decision = judged(filters[profile], path, {})
        assert "solicitation_in_quotation" in decision.flags, why(decision)
        assert decision.verdict == "allow", f"{profile}: {why(decision)}"


@pytest.mark.parametrize("path", QUOTATIONS, ids=name_of)
def test_a_pitch_in_a_quotation_never_makes_the_content(path: Path, filters: dict[str, Filter]) -> None:
    """Where the buyer opted out a neutral message is stopped, but for being neutral."""
    decision = judged(filters["strict"], path, {"buyer_opted_out": "yes"})
    assert decision.content not in (
        "review_request", "marketing", "off_platform_contact", "mixed_solicit", "redundant_confirmation",
        "proactive_service", "stock_out",
    ), why(decision)  # fmt: skip
    assert not [r.label for r in decision.intents if r.state == "present" and r.klass == "solicit"]
