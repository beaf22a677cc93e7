"""Sentences, lines and languages of a reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.message.parts import Message
from engine.text.language import detect
from engine.text.reading import read
from engine.text.segment import soft_breaks, split, unwrap


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Merci ! À bientôt. Léa", ["Merci !", "À bientôt.", "Léa"]),
        ("Bonjour M. Dupont, tél. 12.", ["Bonjour M. Dupont, tél. 12."]),
        ("Der Fahrer kommt am 12. Mai. Passt das?", ["Der Fahrer kommt am 12. Mai.", "Passt das?"]),
        ("z. B. am Montag", ["z. B. am Montag"]),
        ("ok merci. rappelez moi", ["ok merci.", "rappelez moi"]),
        ("Zamówienie nr 5. Proszę o kod.", ["Zamówienie nr 5.", "Proszę o kod."]),
        ("één\n\n- twee\n- drie", ["één", "- twee", "- drie"]),
        ("Vraiment ?! Oui… non", ["Vraiment ?!", "Oui…", "non"]),
        ("www.exemple.fr/a?b ok", ["www.exemple.fr/a?b ok"]),
        ("   \n \n", []),
    ],
)
def test_splits(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("aB .!?\n…é1,-"), max_size=80))
def test_segments_are_in_order_and_lose_nothing_but_blanks(text: str) -> None:
    spans = list(split(text))
    assert all(start < end for start, end in spans)
    assert spans == sorted(spans)
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())


WRAPPED = (
    "Guten Tag Frau Meier, wir haben Ihre Bestellung erhalten und bitten\n"
    "Sie uns mitzuteilen, wann wir liefern dürfen.\n"
    "Mit freundlichen Grüßen\n"
    "Hans"
)


def test_only_full_lines_are_joined() -> None:
    assert soft_breaks(WRAPPED) == [WRAPPED.index("\n")]
    assert len(unwrap(WRAPPED)) == len(WRAPPED)


def test_a_list_of_long_lines_stays_a_list() -> None:
    text = "1) Kommode aus massiver Eiche mit drei Schubladen und Griffen\n2) Tisch aus massiver Eiche mit zwei Schubladen"
    assert soft_breaks(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pourriez-vous laisser un petit avis ?", "fr"),
        ("COULD YOU PLEASE CONFIRM THE COLOUR", "en"),
        ("Bitte nennen Sie uns einen Termin", "de"),
        ("Ci serve il numero civico, grazie", "it"),
        ("Necesitamos el número de su calle", "es"),
        ("Wij hebben uw huisnummer nodig", "nl"),
        ("Prosimy o podanie numeru mieszkania", "pl"),
        ("Vi behöver portkoden till er adress", "sv"),
        ("ok", "und"),
        ("12345", "und"),
        ("", "und"),
        ("👍👍", "und"),
    ],
)
def test_tells_the_language(text: str, code: str) -> None:
    assert detect(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        "Olá, a sua encomenda foi enviada hoje de manhã e deve chegar amanhã à tarde na sua casa, obrigado",
        "Din pakke er blevet sendt i dag, og vi håber, at du vil give os en god anmeldelse på siden, tak for handlen",
        "Siparişiniz kargoya verildi, lütfen bize yorum bırakın ve beş yıldız verin, teşekkür ederiz, iyi günler dileriz",
        "您好，请给我们留个好评，谢谢",
    ],
)
def test_other_languages_are_outside(text: str) -> None:
    assert detect(text).outside


def test_the_answer_does_not_change_from_run_to_run() -> None:
    text = "la carta de la casa para una nota"
    assert len({detect(text) for _ in range(20)}) == 1


def test_a_bilingual_message_has_segments_in_two_languages() -> None:
    body = (
        "Sehr geehrte Frau Klein, es geht um Ihre Bestellung und um den Termin, den wir noch mit Ihnen brauchen.\n\n"
        "Bonjour Madame, nous vous demandons de nous dire quel jour le livreur peut passer chez vous cette semaine."
    )
    reading = read(Message.of(body=body))
    assert {segment.language for segment in reading.segments} >= {"de", "fr"}


def test_spans_count_in_the_text_they_stand_in() -> None:
    message = Message.of(subject="Votre commande", body="Bonjour.\nUn avis ?")
    reading = read(message)
    at = reading.original.index("Un avis")
    span = reading.span(at, at + 7)
    assert (span.part, span.text) == ("body", "Un avis")
    assert "Bonjour.\nUn avis ?"[span.start : span.end] == "Un avis"
