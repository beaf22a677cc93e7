"""Folding: what it does to ordinary and to disguised text, and that it always leads back."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.text.fold import _by_character, _by_table, fold, fold_plain

DISGUISES = st.text(
    alphabet=st.sampled_from("aeé ö.ß_œ\u0301\u200b013457A\tzаеοß…\n\r-'ł①ﬁxy\u00ad\u202e\ufe0f★👍İĲ"), max_size=60
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Pourriez-vous laisser un AVIS ?", "pourriez-vous laisser un avis ?"),
        ("l’œuvre d‘art « vue »", "l'oeuvre d'art \" vue \""),
        ("Straße, Łódź, Århus, Ærø, Þór", "strasse, lodz, arhus, aero, thor"),
        ("é t o i l e s", "etoiles"),
        ("E.T.O.I.L.E.S", "etoiles"),
        ("a v i s  s v p o k", "avis  svpok"),
        ("il y a à l'an", "il y a a l'an"),
        ("r\u200be\u200bv\u00adiew", "review"),
        ("re\u0301view", "review"),
        ("аvis (with a Cyrillic а)", "avis (with a cyrillic а)"),
        ("а v i s", "avis"),
        ("Привет", "привет"),
        ("b0nj0ur, t3l3phone", "bonjour, telephone"),
        ("iphone5, 12bis, h2o, 2024", "iphone5, 12bis, h2o, 2024"),
        ("ﬁn", "fin"),
        ("snake_case", "snake case"),
        ("cinq\u00a0étoiles…", "cinq etoiles..."),
        ("", ""),
    ],
)
def test_folds(text: str, folded: str) -> None:
    assert fold_plain(text) == folded


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80) | DISGUISES)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80) | DISGUISES)
def test_every_folded_character_leads_back_in_order(text: str) -> None:
    folded = fold(text)
    places = [folded.original(position) for position in range(len(folded.text))]
    assert all(0 <= place < len(text) for place in places)
    assert places == sorted(places)
    assert folded.original(len(folded.text)) == len(text)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x17F) | st.sampled_from("’“„…–€™\u200b\ufe0f★"), max_size=60))
def test_the_table_folds_as_character_by_character(text: str) -> None:
    assert _by_table(text) in (None, _by_character(text))


@pytest.mark.parametrize(
    "text", ["Straße, „œuvre“… ½ x", "À l'été ★ — ça va ?", "Zażółć gęślą jaźń", "Ærø og Åse\u200b"]
)
def test_the_table_knows_the_letters_of_the_languages(text: str) -> None:
    assert _by_table(text.replace("½", "")) is not None


@settings(max_examples=500, deadline=None)
@given(DISGUISES, st.data())
def test_places_of_the_original_lead_forward_to_the_first_that_leads_back(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    length = len(folded.text)
    expected = [next((i for i in range(length) if folded.original(i) >= place), length) for place in places]
    assert folded.forward(places) == expected


@settings(max_examples=300, deadline=None)
@given(DISGUISES, st.data())
def test_a_span_quotes_original_that_folds_to_at_least_what_was_found(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    if not folded.text:
        return
    start = data.draw(st.integers(0, len(folded.text) - 1))
    end = data.draw(st.integers(start + 1, len(folded.text)))
    first, last = folded.span(start, end)
    assert 0 <= first < last <= len(text)
    letters = [char for char in folded.text[start:end] if char.isalpha()]
    quoted = unicodedata.normalize("NFKD", text[first:last])
    assert len(letters) <= 2 * len(quoted)  # a character folds to at most a few


def test_evidence_of_split_letters_quotes_the_original() -> None:
    text = "Merci pour les é t o i l e s !"
    folded = fold(text)
    at = folded.text.index("etoiles")
    first, last = folded.span(at, at + len("etoiles"))
    assert text[first:last].strip() == "é t o i l e s"


def test_an_accent_behind_the_last_letter_is_quoted() -> None:
    text = "cafe\u0301 noir"
    first, last = fold(text).span(0, 4)
    assert text[first:last] == "cafe\u0301"
