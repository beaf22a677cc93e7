"""Profiles: what the shipped and the example files say, and one file for each thing that can be wrong."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from engine.decide.policy import Policy
from engine.decide.profile import Profile, Row
from engine.decide.profile_file import load_profile
from engine.rulebook.problem import Problem

POLICY = Path(__file__).parent.parent / "rules" / "policy"
EXAMPLES = sorted((POLICY / "examples").glob("*.yaml"))
ALWAYS = "then: {verdict: allow, smtp: 250 2.0.0, reason: neutral}"


def load(path: Path) -> Profile:
    profile, problems = load_profile(path, POLICY)
    assert profile is not None, "\n".join(p.render() for p in problems)
    assert not problems
    return profile


def problems_of(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    profile, problems = load_profile(path, POLICY)
    assert (profile is None) == any(p.severity == "error" for p in problems)
    return problems


def asked(profile: Profile, content: str, **context: str) -> str:
    state = {
        "recipient": "own_alias", "sender": "authorised", "content": content, "buyer_opted_out": "no", "reply": "none",
        "quota": "under", "bounce_notices": "on",
    }  # fmt: skip
    return profile.policy.verdict({**state, **context}).get("verdict")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_loads_under_its_own_name(path: Path) -> None:
    assert load(path).name == path.stem


def test_riders_and_delays() -> None:
    profile = load(POLICY / "examples" / "riders-and-delays.yaml")
    assert profile.class_of("stock_out.delay") == "neutral"
    assert profile.class_of("stock_out.out") == "info"
    assert profile.class_of("review_request.product") == "info"
    assert profile.class_of("review_request.incentive") == "solicit"
    # Beside a critical request an honest review request rides along; alone it is stopped, even in an answer.
    state = {"legal_notice": "absent", "order": "open", "tag": "none", "judged": "full", "solicit": "absent"}
    row = profile.policy.content({**state, "critical": "present", "info": "present"})
    assert asked(profile, row.get("content")) == "allow"
    assert asked(profile, "review_request") == asked(profile, "review_request", reply="thread") == "bounce"


def test_no_shipping_notices() -> None:
    profile = load(POLICY / "examples" / "no-shipping-notices.yaml")
    assert profile.class_of("redundant_confirmation.shipment") == "neutral"
    assert profile.class_of("redundant_confirmation.delivery") == "info"


def test_a_kind_without_a_line_has_the_class_of_its_intent() -> None:
    profile = Profile("p", (), {"stock_out": "info"}, (), ())
    assert profile.class_of("stock_out.out") == "info"
    assert profile.class_of("marketing") == "neutral"


def test_plans_and_processes_carry_a_profile() -> None:
    profile = load(POLICY / "strict.yaml")
    again = Profile.from_plan(json.loads(json.dumps(profile.to_plan())))
    assert again.to_plan() == profile.to_plan()
    assert again.digest == profile.digest
    assert asked(profile, "marketing") == "bounce"
    assert asked(pickle.loads(pickle.dumps(profile)), "marketing") == "bounce"


def test_rows_are_replaced_where_they_stand_and_added_where_they_say(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "profile: mine\nextends: strict\ntag_words: [Urgent]\nverdict:\n"
        "  - row: W21\n    if: {content: uncertain}\n"
        "    then: {verdict: defer, by: smtp_reject, smtp: 450 4.7.1, reason: uncertain}\n"
        "  - row: X01\n    before: W10\n    if: {content: marketing, reply: thread}\n"
        "    then: {verdict: allow, smtp: 250 2.0.0, reason: reply_in_thread}\n",
        encoding="utf-8",
    )
    profile = load(path)
    ids = [row.id for row in profile.verdict]
    assert ids.index("X01") + 1 == ids.index("W10")
    assert ids.index("W21") + 1 == ids.index("W22")
    assert profile.tag_words == ("Urgent",)
    assert asked(profile, "uncertain") == "defer"
    assert asked(profile, "marketing", reply="thread") == "allow"
    assert asked(profile, "marketing") == "bounce"


HEAD = "profile: mine\nextends: strict\n"
ROW = "verdict:\n  - row: X01\n    before: W30\n    if: {content: neutral, quota: under, reply: none}\n    "
WRONG = {
    "": "T401:1:1",
    "- a": "T401:1:1",
    "profile: [": "T101:2:1",
    "profile: mine\n": "T403:1:1",
    "extends: strict\n": "T403:1:1",
    "profile: my shop\nextends: strict\n": "T401:1:10",
    "profile: mine\nextends: strickt\n": "T405:2:10",
    HEAD + "clases: {}\n": "T401:3:1",
    HEAD + "classes: [a]\n": "T401:3:10",
    HEAD + "classes: {reviewrequest: info}\n": "T402:3:11",
    HEAD + "classes: {marketing: sollicit}\n": "T402:3:22",
    HEAD + "classes: {customization: solicit}\n": "T402:3:26",
    HEAD + "classes: {marketing: info, marketing: info}\n": "T102:3:28",
    HEAD + "tag_words: [7]\n": "T401:3:13",
    HEAD + "verdict: [x]\n": "T401:3:11",
    HEAD + "verdict:\n  - if: {}\n    " + ALWAYS: "T403:4:5",
    HEAD + "verdict:\n  - row: X 1\n    before: W30\n    if: {}\n    " + ALWAYS: "T401:4:10",
    HEAD + "verdict:\n  - row: X01\n    if: {}\n    " + ALWAYS: "T405:4:10",
    HEAD + "verdict:\n  - row: X01\n    before: W99\n    if: {}\n    " + ALWAYS: "T405:5:13",
    HEAD + "verdict:\n  - row: W30\n    before: W20\n    if: {}\n    " + ALWAYS: "T405:5:13",
    HEAD + "verdict:\n  - row: W12\n    iff: {}\n    if: {}\n    " + ALWAYS: "T401:5:5",
    HEAD + "verdict:\n  - row: W30\n    if: {contents: neutral}\n    " + ALWAYS: "T402:5:10",
    HEAD + "verdict:\n  - row: W30\n    if: {content: neutrl}\n    " + ALWAYS: "T402:5:19",
    HEAD + "verdict:\n  - row: W30\n    if: {content: []}\n    " + ALWAYS: "T402:5:19",
    HEAD + "verdict:\n  - row: W30\n    if: {buyer_opted_out: yes}\n    " + ALWAYS: "T106:5:27",
    HEAD + ROW + "then: {reason: neutral}": "T403:7:11",
    HEAD + ROW + "then: {verdict: alow, smtp: 250 2.0.0, reason: neutral}": "T402:7:21",
    HEAD + ROW + "then: {verdict: allow, smtp: 250 OK, reason: neutral}": "T402:7:34",
    HEAD + ROW + "then: {verdict: allow, smtp: 250 2.0.0, reason: because}": "T402:7:53",
    HEAD + ROW + "then: {verdict: block, smtp: 550 5.7.1, reason: neutral}": "T406:7:11",
    HEAD + ROW + "then: {verdict: block, by: notice, smtp: 250 2.0.0, reason: neutral}": "T406:7:11",
    HEAD + ROW + "then: {verdict: bounce, smtp: 250 2.0.0, reason: neutral}": "T406:7:11",
    HEAD + ROW + "then: {verdict: not_judged, smtp: 250 2.0.0, reason: neutral}": "T406:7:11",
    HEAD + "content:\n  - row: C12\n    if: {solicit: absent}\n    then: {content: <solicit>}\n": "T406:4:5",
    HEAD + "verdict:\n  - row: X01\n    before: W32\n    if: {quota: under}\n    " + ALWAYS: "T407:4:5",
    HEAD + "verdict:\n  - row: W30\n    if: {content: neutral, quota: under}\n    " + ALWAYS: "T408:3:1",
    HEAD + "content:\n  - row: C15\n    if: {tag: claimed}\n    then: {content: neutral}\n": "T408:3:1",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, text: str) -> None:
    found = [f"{p.code}:{p.line}:{p.col}" for p in problems_of(tmp_path, text)]
    assert found[:1] == [WRONG[text]], found


def test_two_rows_of_one_name_and_all_problems_at_once(tmp_path: Path) -> None:
    row = "  - row: W30\n    if: {}\n    " + ALWAYS + "\n"
    problems = problems_of(tmp_path, HEAD + "nonsense: 1\nverdict:\n" + row + row)
    assert [(p.code, p.line) for p in problems] == [("T401", 3), ("T404", 8)]
    assert "did you mean" in problems_of(tmp_path, HEAD + "clases: {}\n")[0].hint
    shown = problems[1].render()
    assert shown.splitlines()[0].endswith("mine.yaml:8:10: error T404: two rows are named `W30` (first on line 5)")
    assert shown.splitlines()[1:3] == ["      - row: W30", "             ^"]


def test_a_missing_file_is_a_problem() -> None:
    profile, problems = load_profile(POLICY / "none.yaml", POLICY)
    assert profile is None
    assert problems[0].code == "T109"


def test_too_many_tests_on_one_word_are_refused(tmp_path: Path) -> None:
    row = "  - row: X%d\n    before: W30\n    if: {content: [%s]}\n    " + ALWAYS + "\n"
    contents = "neutral, critical, uncertain, marketing, stock_out, legal_notice, mixed_info, review_request"
    text = HEAD + "verdict:\n" + "".join(row % (n, contents) for n in range(70))
    assert [p.code for p in problems_of(tmp_path, text)] == ["T409"]


def test_a_table_that_answers_nothing_or_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"critical": "absent", "solicit": "absent", "info": "absent", "legal_notice": "absent", "order": "open",
             "tag": "none", "judged": "full"}  # fmt: skip
    empty = Policy(Profile("p", (), {}, (Row("A", (("tag", ("claimed",)),), (("content", "neutral"),)),), ()))
    with pytest.raises(RuntimeError, match="answered"):
        empty.content(state)
    import engine.decide.policy as policy

    def fail(self: object, row: object) -> object:
        def act(_closure: object) -> None:
            raise KeyError("boom")

        return act

    monkeypatch.setattr(policy._Engine, "_noting", fail)
    broken = Policy(Profile("p", (), {}, (Row("A", (), (("content", "neutral"),)),), ()))
    with pytest.raises(RuntimeError, match="boom"):
        broken.content(state)
