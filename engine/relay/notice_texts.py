"""The frame of a notice in each language: what stands around the explanation (whose texts are in `rules/texts`)."""

from __future__ import annotations

_KEYS = ("subject", "opening", "recipient", "title", "date", "id", "help", "automatic")
_TEXTS: dict[str, tuple[str, ...]] = {
    "en": (
        "Your message was not delivered", "Your message was not delivered to the buyer.", "Recipient", "Subject", "Date",
        "Message-ID", "More about messages to buyers:", "This notice was written by a program; answers are not read.",
    ),
    "fr": (
        "Votre message n’a pas été remis", "Votre message n’a pas été remis à l’acheteur.", "Destinataire", "Objet",
        "Date", "Message-ID", "En savoir plus sur les messages aux acheteurs :",
        "Cet avis a été rédigé par un programme ; les réponses ne sont pas lues.",
    ),
    "de": (
        "Ihre Nachricht wurde nicht zugestellt", "Ihre Nachricht wurde dem Käufer nicht zugestellt.", "Empfänger",
        "Betreff", "Datum", "Message-ID", "Mehr über Nachrichten an Käufer:",
        "Dieser Hinweis wurde automatisch erstellt; Antworten werden nicht gelesen.",
    ),
    "it": (
        "Il suo messaggio non è stato consegnato", "Il suo messaggio non è stato consegnato all’acquirente.",
        "Destinatario", "Oggetto", "Data", "Message-ID", "Per saperne di più sui messaggi agli acquirenti:",
        "Questo avviso è stato scritto da un programma; le risposte non vengono lette.",
    ),
    "es": (
        "Su mensaje no se ha entregado", "Su mensaje no se ha entregado al comprador.", "Destinatario", "Asunto",
        "Fecha", "Message-ID", "Más información sobre los mensajes a compradores:",
        "Este aviso lo ha escrito un programa; las respuestas no se leen.",
    ),
    "nl": (
        "Uw bericht is niet bezorgd", "Uw bericht is niet bij de koper bezorgd.", "Ontvanger", "Onderwerp", "Datum",
        "Message-ID", "Meer over berichten aan kopers:",
        "Deze melding is door een programma geschreven; antwoorden worden niet gelezen.",
    ),
    "pl": (
        "Państwa wiadomość nie została dostarczona", "Państwa wiadomość nie została dostarczona kupującemu.",
        "Odbiorca", "Temat", "Data", "Message-ID", "Więcej o wiadomościach do kupujących:",
        "To powiadomienie napisał program; odpowiedzi nie są czytane.",
    ),
    "sv": (
        "Ditt meddelande levererades inte", "Ditt meddelande levererades inte till köparen.", "Mottagare", "Ämne",
        "Datum", "Message-ID", "Mer om meddelanden till köpare:",
        "Det här meddelandet skrevs av ett program; svar läses inte.",
    ),
}  # fmt: skip

FRAMES: dict[str, dict[str, str]] = {
    language: dict(zip(_KEYS, texts, strict=True)) for language, texts in _TEXTS.items()
}
"""Texts by language and key."""
