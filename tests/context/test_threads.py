"""What proves a reply, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.context.messages import message_in, message_out, page_mail, sent_on
from engine.context.quotation import own_words, written
from engine.context.situation import Situation, look
from engine.context.threads import footer
from engine.message.parts import Message
from tests.context.world import NOW, QUESTION, World, mail, quoted


def looked(world: World, raw: bytes, recipient: str | None = None) -> Situation:
    with world.store.read() as connection:
        return look(connection, world.store.settings, world.envelope(recipient), Message.parse(raw), NOW)


def reply_word(world: World, body: str = "Deux metres.", recipient: str | None = None, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return looked(world, mail(body, headers=named), recipient).context.reply


def plus(alias: str, token: str) -> str:
    local, _, domain = alias.partition("@")
    return f"{local}+{token}@{domain}"


def test_the_buyers_message_proves_a_reply_by_each_header(world: World) -> None:
    world.question(id="Q1@home.example")
    assert reply_word(world, In_Reply_To="<Q1@home.example>") == "thread"
    assert reply_word(world, References="<first@x> <Q1@home.example> <last@y>") == "thread"
    assert reply_word(world, References="junk <Q1@home.example>") == "thread"


def test_what_proves_nothing(world: World) -> None:
    world.question(id="q1@home.example")
    world.question("Autre chose pour un autre vendeur, merci beaucoup", pair=world.pair_of("bert", "clara"), id="q2@x")
    world.question("Et encore une autre question pour vous", pair=world.pair_of("anna", "dirk"), id="q3@x")
    assert reply_word(world) == "none"
    assert reply_word(world, Subject="Re: Votre commande") == "none"
    assert reply_word(world, In_Reply_To="<forged@x>", References="<forged@x>") == "none"
    assert reply_word(world, In_Reply_To="<q2@x>") == "none", "another seller's"
    assert reply_word(world, In_Reply_To="<q3@x>") == "none", "another buyer's"
    assert reply_word(world, In_Reply_To="<Q1@home.example>") == "none", "ids count with case"
    assert reply_word(world, In_Reply_To="<' OR 1=1 -- \x00>") == "none"
    assert reply_word(world, X_Forwarded="<q1@home.example>") == "none"


def test_the_token_of_the_thread_proves_a_reply_to_its_own_alias_only(world: World) -> None:
    token = world.question().token
    alias = world.pair.buyer_alias
    assert reply_word(world, recipient=plus(alias, token)) == "thread"
    assert reply_word(world, recipient=plus(alias.upper(), token.upper())) == "thread"
    assert reply_word(world, recipient=plus(alias, "x" * 20)) == "none"
    assert reply_word(world, recipient=plus(world.pair_of("anna", "dirk").buyer_alias, token)) == "none"


def test_the_token_in_the_quoted_footer_is_the_original(world: World) -> None:
    kept = world.question(id="q1@home.example")
    shown = quoted(f"(tout autre texte)\n{footer(kept.token)}")
    assert reply_word(world, f"Oui.\n\n{shown}") == "original_only"
    assert reply_word(world, f"Oui.\n\n{shown}", In_Reply_To="<q1@home.example>") == "thread+original"
    assert reply_word(world, f"Oui. {footer(kept.token)}") == "none", "not quoted"
    assert reply_word(world, f"Oui.\n\n{quoted(footer('y' * 20))}") == "none"


@pytest.mark.parametrize(
    "shown",
    [
        quoted(QUESTION),
        quoted("\n".join(QUESTION.split())),
        quoted(QUESTION.replace(" ", "  ")),
        quoted(QUESTION.upper()),
        quoted(QUESTION.replace("etagere", "e\u0301tage\u0300re").replace("e\u0301", "e").replace("e\u0300", "e")),
        "-----Message d'origine-----\nDe : Clara <c@x.example>\nEnvoyé : mardi 24 novembre 2026 11:02\nObjet : Lampe\n\n"
        + QUESTION,
        quoted(QUESTION[: len(QUESTION) * 2 // 3]),
    ],
    ids=["plain", "re-wrapped", "blanks", "capitals", "composed", "outlook", "partly cut"],
)
def test_the_quoted_original_is_found_in_a_new_thread(world: World, shown: str) -> None:
    world.question()
    assert reply_word(world, f"Deux metres.\n\n{shown}") == "original_only"


def test_a_quotation_that_nobody_wrote_or_another_buyer_wrote_proves_nothing(world: World) -> None:
    world.question(pair=world.pair_of("anna", "dirk"))
    assert reply_word(world, f"Deux metres.\n\n{quoted(QUESTION)}") == "none"
    world.question("Merci")
    assert reply_word(world, f"Avec plaisir.\n\n{quoted('Merci')}") == "none", "anybody can guess it"


def test_an_own_message_quoted_or_named_is_no_reply_until_the_buyer_wrote(world: World) -> None:
    first = mail("Voici la facture de votre commande du mois dernier, bonne reception.", id="s1@anna.example")
    situation = looked(world, first)
    kept = message_out(world.store, first, Message.parse(first), world.envelope(), situation, NOW)
    shown = quoted("Voici la facture de votre commande du mois dernier, bonne reception.")
    assert reply_word(world, f"Rappel.\n\n{shown}", In_Reply_To="<s1@anna.example>") == "none"
    assert reply_word(world, recipient=plus(world.pair.buyer_alias, kept.token)) == "none"
    answer = world.question(
        "Merci, mais il manque une page.", id="b1@home.example", headers={"In-Reply-To": "<s1@anna.example>"}
    )
    assert answer.thread_id == kept.thread_id
    assert reply_word(world, In_Reply_To="<b1@home.example>") == "thread"
    assert reply_word(world, recipient=plus(world.pair.buyer_alias, kept.token)) == "thread"


def test_a_vacation_reply_is_no_contact(world: World) -> None:
    kept = world.question(id="auto@home.example", headers={"Auto-Submitted": "auto-replied"})
    assert reply_word(world, In_Reply_To="<auto@home.example>") == "none"
    assert reply_word(world, recipient=plus(world.pair.buyer_alias, kept.token)) == "none"
    assert reply_word(world, f"Oui.\n\n{quoted(QUESTION)}") == "none"
    manual = world.question("Une vraie question cette fois", id="m@home.example", headers={"Auto-Submitted": "no"})
    assert manual.token != kept.token
    assert reply_word(world, In_Reply_To="<m@home.example>") == "thread"


def test_the_fifth_answer_after_years_is_still_a_reply(world: World) -> None:
    world.question(id="q1@home.example", at=NOW - timedelta(days=1500))
    for _ in range(5):
        assert reply_word(world, In_Reply_To="<q1@home.example>") == "thread"


def test_the_id_a_message_was_sent_on_with_proves_a_reply_too(world: World) -> None:
    kept = world.question(id="q1@home.example")
    relayed = mail(
        f"{QUESTION}\n\nMessage transmis par la place de marche\n{footer(kept.token)}", id="r1@mail.marche.example"
    )
    sent_on(world.store, kept.id, relayed, NOW)
    assert reply_word(world, In_Reply_To="<r1@mail.marche.example>") == "thread"
    assert reply_word(world, In_Reply_To="<q1@home.example>") == "thread"
    body = f"Oui.\n\n{quoted(QUESTION)}\n> Message transmis par la place de marche"
    situation = looked(world, mail(body))
    checked = own_words(Message.parse(mail(body)), situation.proof.archived)
    assert own_text(checked) == "Oui."


def test_a_message_of_the_page_opens_a_thread_like_a_mail(world: World) -> None:
    raw = page_mail(QUESTION, subject="Question", at=NOW)
    kept = message_in(world.store, raw, pair_id=world.pair.id, at=NOW, channel="page")
    assert reply_word(world, recipient=plus(world.pair.buyer_alias, kept.token)) == "thread"
    again = message_in(world.store, raw, pair_id=world.pair.id, at=NOW, channel="page")
    assert (again.id, again.fresh) == (kept.id, False)


def test_long_chains_of_references_are_read_at_both_ends(world: World) -> None:
    world.question(id="q1@home.example")
    others = " ".join(f"<n{n}@x>" for n in range(500))
    assert reply_word(world, References=f"<q1@home.example> {others}") == "thread"
    assert reply_word(world, References=f"{others} <q1@home.example>") == "thread"


def own_text(message: Message) -> str:
    """The words that count as the seller's own."""
    parts = [t.text[r.start : r.end] for t in message.texts for r in t.regions if r.kind == "body"]
    return "".join(parts).strip()


def test_only_quoted_lines_that_were_written_stay_quotation() -> None:
    original, thanks = written(Message.of(body=QUESTION)), written(Message.of(body="Merci"))
    smuggled = "Laissez-nous donc cinq etoiles, s'il vous plait."
    body = f"Deux metres.\n\n> Merci\n{quoted(QUESTION)}\n> {smuggled}"
    checked = own_words(Message.of(body=body), [original, thanks])
    assert own_text(checked) == f"Deux metres.\n\n> {smuggled}"
    inside = body.replace("longueur", "longueur merci de laisser un avis de cinq etoiles")
    assert "cinq etoiles" in own_text(own_words(Message.of(body=inside), [original, thanks]))
    assert own_text(own_words(Message.of(body=body), [])).count(">") == 3, "with nothing archived all is the seller's"


def test_words_of_the_buyer_put_together_anew_are_not_his() -> None:
    original = written(
        Message.of(body="Pouvez-vous laisser le colis chez ma voisine ? Votre avis sur la taille m'aiderait.")
    )
    checked = own_words(Message.of(body=f"Oui.\n\n{quoted('Pouvez-vous laisser votre avis ?')}"), [original])
    assert "laisser votre avis" in own_text(checked)
