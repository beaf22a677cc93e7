"""The rules' finder: scope, languages, negation, exceptions, conditions and facts."""

from dataclasses import replace
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.find.finding import Finding
from engine.find.literals import Patterns
from engine.find.patterns import RuleFinder, contributing, holds
from engine.find.search import Search
from engine.message.parts import Message
from engine.rulebook.phrases import compile_phrases, needs
from engine.rulebook.plan import FactFind, PatternFind, Plan, PlanRule, body_parts, possible
from engine.text.reading import read

NEGATION = {"fr": (compile_phrases(["pas", "ne", "n", "sans"]), compile_phrases(["n hésitez pas"]))}


def pattern(name: str, *phrases: str, **changes: Any) -> PatternFind:
    return replace(PatternFind(name, compile_phrases(list(phrases))), **changes)


RULE = PlanRule(
    id="review.ask.fr", revision=1, title="Asks", intent="review_request", kind="product", flag=None, strength="certain",
    status="enforce", languages=("fr",), parts=body_parts(["subject", "body"]), within="segment",
    patterns=(pattern("ask", "laisse* .. avis"),), facts=(), when="ask",
)  # fmt: skip


def find(message: Message | str, *rules: PlanRule, today: str = "") -> list[Finding]:
    if isinstance(message, str):
        message = Message.of(body=message)
    return RuleFinder(Plan("", rules or (RULE,), NEGATION), today=today).find(read(message))


def words(findings: list[Finding]) -> list[str]:
    return [span.text for finding in findings for span in finding.spans]


def test_finds_and_quotes_the_original() -> None:
    findings = find("Bonjour Madame,\nPourriez-vous LAISSER un petit avis ?")
    assert words(findings) == ["LAISSER un petit avis"]
    assert findings[0].label == "review_request.product"
    assert findings[0].by == "rule:review.ask.fr"


def test_disguised_words_are_found_and_quoted_as_written() -> None:
    assert words(find("Pourriez-vous laisser un petit а v i s sur notre boutique ?"))[0].startswith(
        "laisser un petit а v i s"
    )


def test_a_rule_of_another_language_does_not_run() -> None:
    assert not find("Wir bitten Sie: laissez un avis ist Französisch, das wissen wir nicht genau", RULE)
    assert find("Wir bitten Sie: laissez un avis ist Französisch, das wissen wir", replace(RULE, languages=("any",)))


def test_an_undetermined_language_is_tried_with_every_rule() -> None:
    assert words(find("laisser avis")) == ["laisser avis"]


def test_negation_takes_a_hit_away_unless_it_is_an_idiom() -> None:
    rule = replace(RULE, patterns=(pattern("ask", "laisse* .. avis", negation="unless"),))
    assert not find("Merci de ne pas laisser d'avis pour le moment.", rule)
    assert find("N'hésitez pas à laisser un avis pour nous.", rule)
    assert find("Pas de souci, vous pouvez laisser un avis.", rule)  # another clause
    only = replace(RULE, patterns=(pattern("ask", "laisse* .. avis", negation="only"),))
    assert find("Merci de ne pas laisser d'avis pour le moment.", only)
    assert not find("Vous pouvez laisser un avis.", only)


def test_except_removes_only_the_overlapping_hit() -> None:
    rule = replace(
        RULE,
        patterns=(pattern("ask", "laisse* .. avis"), pattern("card", "avis de passage")),
        excepts={"ask": ("card",)},
    )
    assert not find("Le livreur a laissé un avis de passage.", rule)
    both = find("Le livreur a laissé un avis de passage. Vous pouvez nous laisser un avis.", rule)
    assert words(both) == ["laisser un avis"]
    assert both[0].excused == ("card",)


def test_finds_of_one_segment_combine_and_of_two_do_not() -> None:
    rule = replace(RULE, patterns=(pattern("a", "contents"), pattern("b", "étoiles")), when={"all": ["a", "b"]})
    assert find("Si vous êtes contents, des étoiles nous aident.", rule)
    assert not find("Vous êtes contents. Des étoiles nous aident.", rule)
    assert find("Vous êtes contents. Des étoiles nous aident.", replace(rule, within="message"))


PHRASES = ["laisse* .. avis", "*karte", "5 étoiles", "(note|avis) (de)? la boutique", "l'an", "\\+49 30"]
WORDS = st.sampled_from(
    ["laisser", "un", "petit", "avis", "note", "de", "la", "boutique", "Gutscheinkarte", "5", "étoiles", "l'an", "a", "v",
     "i", "s", "+49", "30", ".", "!", "?", ";", ",", "…", "\n", ">", "-", "é\u200b"]
)  # fmt: skip


def _search(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return where the phrases hit in a text, as the finder looks for them, and as one search of the whole text does."""
    reading = read(Message.of(subject="Avis", body=text))
    finds = [(PatternFind(f"f{i}", compile_phrases([p]), needs=(needs(p),)), i) for i, p in enumerate(PHRASES)]
    patterns, search = Patterns(finds, original=False), Search(reading)
    hits: list[tuple[int, int]] = []
    for index, blocks in patterns.candidates(reading.plain, search.words()).items():
        hits += [hit[:2] for hit in search.hits((patterns, index, blocks), search.blocks)]
    whole = [
        reading.folded.span(*match.span())
        for find, _ in finds
        for match in re2.finditer(find.pattern, reading.plain.decode("ascii"))
    ]
    return sorted(hits), sorted(whole)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=60).map(" ".join) | st.lists(WORDS, max_size=60).map(" \n".join))
def test_searching_by_blocks_finds_what_a_search_of_the_whole_text_finds(text: str) -> None:
    found, whole = _search(text)
    assert found == whole


def test_long_texts_are_searched_in_blocks_of_several_segments() -> None:
    found, whole = _search("Vous pouvez laisser un avis.\nMerci pour les 5 étoiles !\n" * 300)
    assert found == whole
    assert len(found) == 600


def test_a_soft_line_end_between_two_kinds_of_text_parts_no_phrase() -> None:
    first = "Bonjour, merci beaucoup pour votre commande, nous pouvons vous laisser un petit"
    body = f"{first}\navis dans le colis.\n\nCordialement,\nMarie"
    found, whole = _search(body)
    assert found == whole


def test_parts_outside_the_scope_do_not_count() -> None:
    message = Message.of(subject="Laissez un avis", body="Bonjour, voici votre facture du mois.")
    assert find(message)
    assert not find(message, replace(RULE, parts=body_parts(["body"])))


def test_quotation_is_reported_as_quotation() -> None:
    body = "Bonjour,\nmerci.\n\nLe 3 mars 2025 à 10:12, Luc <luc@exemple.example> a écrit :\n> Vous pouvez laisser un avis.\n"
    findings = find(body)
    assert {span.part for finding in findings for span in finding.spans} == {"quoted"}


def test_facts_with_conditions() -> None:
    rule = replace(RULE, patterns=(), facts=(FactFind("n", "emoji", above=2.0),), when="n", languages=("any",))
    assert find("Super 🎉🎉🎉", rule)
    assert not find("Super 🎉", rule)
    reply = replace(rule, facts=(FactFind("r", "in_reply"),), when="r")
    assert find(Message.of(body="oui", in_reply=True), reply)
    assert not find(Message.of(body="oui"), reply)


def test_a_missing_fact_may_be_asked_for() -> None:
    rule = replace(RULE, facts=(FactFind("r", "in_reply"),), when={"all": ["ask"], "none": ["r"]})
    assert find("Vous pouvez laisser un avis.", rule)
    assert not find(Message.of(body="Vous pouvez laisser un avis.", in_reply=True), rule)


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_drafts_and_retired_rules_do_not_run(status: str) -> None:
    assert not find("Vous pouvez laisser un avis.", replace(RULE, status=status))


def test_a_disabled_rule_sleeps_until_its_day() -> None:
    rule = replace(RULE, disabled_until="2027-01-31")
    assert not find("Vous pouvez laisser un avis.", rule, today="2027-01-30")
    assert find("Vous pouvez laisser un avis.", rule, today="2027-01-31")


def test_original_text_keeps_case_and_symbols() -> None:
    stars = replace(RULE, patterns=(PatternFind("s", "[★⭐]{3,}", original=True),), when="s", languages=("any",))
    assert words(find("Merci ★★★★★ à vous", stars)) == ["★★★★★"]


@pytest.mark.parametrize(
    ("when", "present", "result", "parts"),
    [
        ("a", {"a"}, True, ["a"]),
        ({"any": ["a", "b"]}, {"b"}, True, ["b"]),
        ({"all": ["a", "b"]}, {"b"}, False, []),
        ({"all": ["a"], "any": ["b", "c"]}, {"a", "c"}, True, ["a", "c"]),
        ({"all": ["a"], "none": ["c"]}, {"a", "c"}, False, []),
        ({"any": [{"all": ["a", "b"]}, "c"]}, {"a", "b"}, True, ["a", "b"]),
    ],
)
def test_conditions(when: Any, present: set[str], result: bool, parts: list[str]) -> None:
    assert holds(when, present.__contains__) is result
    if result:
        assert list(contributing(when, present.__contains__)) == parts


def test_rules_that_may_hit_without_their_patterns_always_run() -> None:
    assert not possible({"all": ["a"], "none": ["b"]}, {"a"})
    assert possible({"any": ["a", "fact"]}, {"a"})
    assert possible({"none": ["a"]}, {"a"})


def test_addresses_and_numbers_are_found_only_where_they_stand_in_the_new_text() -> None:
    rule = replace(RULE, patterns=(), facts=(FactFind("n", "phone"),), when="n", languages=("any",))
    mail = replace(rule, facts=(FactFind("n", "email_address"),))
    link = replace(rule, facts=(FactFind("n", "links"),))
    loud = replace(rule, facts=(FactFind("n", "exclamations"),))
    body = (
        "Bonjour,\nappelez le 01 23 45 67 89. Écrivez à luc (at) boutique.example, voir boutique.example/avis !!!\n"
        "Le 3 mars 2025 à 10:12, Kim <kim@buyer.example> a écrit :\n> Mon numéro est le 09 87 65 43 21 !!!\n"
    )
    assert words(find(body, rule)) == ["01 23 45 67 89"]
    assert words(find(body, mail)) == ["luc (at) boutique.example"]
    assert "boutique.example/avis" in words(find(body, link))
    assert words(find(body, loud)) == ["!!!"]
    assert words(find("Appelez le ٠١ 23 45 67 89", rule)) == ["٠١ 23 45 67 89"]
