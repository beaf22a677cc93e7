"""Every state of the two tables, through the shipped YAML and the real rule engine, against the oracle."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide import words
from engine.decide.profile import Profile
from engine.decide.profile_check import all_states
from engine.decide.profile_file import load_profile
from tests.oracle import verdict_table as oracle

POLICY = Path(__file__).parent.parent / "rules" / "policy"


def profile(name: str) -> Profile:
    found, problems = load_profile(POLICY / f"{name}.yaml", POLICY)
    assert found is not None, "\n".join(p.render() for p in problems)
    return found


PROFILES = {name: profile(name) for name in oracle.PROFILES}


def test_the_words_are_those_of_the_oracle() -> None:
    assert {k: list(v) for k, v in words.CONTENT_STATE.items()} == oracle.CONTENT_STATE
    assert {k: list(v) for k, v in words.VERDICT_STATE.items()} == oracle.STATE


@pytest.mark.parametrize("name", oracle.PROFILES)
def test_every_content_state(name: str) -> None:
    policy = PROFILES[name].policy
    states = list(oracle.content_states())
    assert len(states) == 648
    for state in states:
        row, expected = policy.content(state), oracle.content(**state)
        assert (row.id, row.get("content"), row.get("flag")) == (
            expected["row"], expected["content"], expected["flag"],
        ), state  # fmt: skip


@pytest.mark.parametrize("name", oracle.PROFILES)
def test_every_verdict_state(name: str) -> None:
    policy = PROFILES[name].policy
    states = list(oracle.states())
    assert len(states) == 5376
    for state in states:
        row, expected = policy.verdict(state), oracle.expected(name, **state)
        got = {key: row.get(key) for key in ("verdict", "by", "smtp", "reason", "flag")}
        assert (row.id, got) == (expected["row"], {key: expected[key] for key in got}), state


VERDICT_STATES = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in words.VERDICT_STATE.items()})
OURS = {"recipient": "own_alias", "sender": "authorised"}


@pytest.mark.parametrize("name", oracle.PROFILES)
@given(state=VERDICT_STATES)
def test_critical_content_is_never_stopped_silently_nor_held(name: str, state: dict[str, str]) -> None:
    state |= OURS
    verdict = PROFILES[name].policy.verdict(state).get("verdict")
    if state["content"] in ("critical", "mixed_info", "legal_notice"):
        assert verdict == "allow"
    if state["content"] in ("critical_no_order", "mixed_solicit", "uncertain"):
        assert verdict != "block"


@pytest.mark.parametrize("name", oracle.PROFILES)
@given(state=VERDICT_STATES)
def test_a_verified_reply_is_never_held_by_the_quota(name: str, state: dict[str, str]) -> None:
    state |= OURS
    if state["reply"] in ("thread", "thread+original"):
        assert PROFILES[name].policy.verdict(state).get("verdict") != "defer"


@pytest.mark.parametrize("name", oracle.PROFILES)
@given(state=VERDICT_STATES)
def test_silence_needs_an_opted_out_buyer_and_a_seller_who_wants_no_notice(name: str, state: dict[str, str]) -> None:
    row = PROFILES[name].policy.verdict(state)
    if row.get("verdict") == "block":
        assert (state["buyer_opted_out"], state["bounce_notices"], state["reply"]) == ("yes", "off", "none")
        assert row.get("smtp") == "250 2.0.0"


@given(state=VERDICT_STATES)
def test_a_stranger_learns_nothing_of_aliases(state: dict[str, str]) -> None:
    policy = PROFILES["strict"].policy
    unknown = policy.verdict(state | {"recipient": "unknown_alias"})
    others = policy.verdict(state | {"recipient": "other_sellers_alias"})
    assert (unknown.get("smtp"), unknown.get("reason")) == (others.get("smtp"), others.get("reason"))


@pytest.mark.parametrize("state", [{}, {"critical": "perhaps"}, {"nonsense": "x"}])
def test_a_state_with_a_wrong_word_is_refused(state: dict[str, str]) -> None:
    whole = next(all_states(words.CONTENT_STATE))
    with pytest.raises(ValueError, match=r"must be one of|knows no word"):
        PROFILES["strict"].policy.content({**whole, **state} if state else {})


def test_threads_may_ask_at_once() -> None:
    policy = profile("strict").policy
    states = list(oracle.states())[::13]
    wrong: list[dict[str, str]] = []

    def ask(offset: int) -> None:
        mine = states[offset:] + states[:offset]
        wrong.extend(s for s in mine if policy.verdict(s).id != oracle.expected("strict", **s)["row"])

    threads = [threading.Thread(target=ask, args=(n * 50,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
