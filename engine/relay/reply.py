"""The answers in the SMTP session: ASCII, the first line says it all, with the decision's id and the page that helps."""

from __future__ import annotations

import unicodedata

from engine.decide.record import Decision
from engine.decide.texts import Texts
from engine.relay import packets

_LETTERS = str.maketrans(
    {
        "ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "đ": "d",
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "...",
        "\u2212": "-", "¿": "", "¡": "",
    }
)  # fmt: skip


def ascii_of(text: str) -> str:
    """Return a text as ASCII that can still be read: accents off, letters and quotes by their nearest."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


# What to do about these is said in terms of quoted words.
_QUOTING = ("solicitation_in_critical", "prohibited_solicitation")


class Replies:
    """The answers in one language."""

    def __init__(self, texts: Texts, help_url: str | None) -> None:
        self._texts = texts
        self._url = help_url

    def refusal(self, decision: Decision) -> bytes:
        """Return the answer that tells of a decision: its reason with its id, what to do, where to read on.

        What is told by a notice elsewhere is a 550 here.
        """
        code = "550 5.7.1" if decision.by == "notice" else decision.smtp
        first = f"{self._texts.get(f'reason.{decision.reason}')} id={decision.decision}"
        rest = (self._to_do(decision), self._url or "")
        return packets.reply(code, ascii_of(first), *(ascii_of(line) for line in rest if line))

    def _to_do(self, decision: Decision) -> str:
        """Return what to do. Words of the message are not repeated: answers stand in the logs of two mail servers."""
        if decision.reason not in _QUOTING:
            return self._texts.find(f"do.{decision.reason}")
        for found in decision.intents:
            advice = self._texts.find(f"advice.{found.label}") or self._texts.find(f"advice.{found.intent}")
            if found.state == "present" and advice:
                return advice
        return ""


# Answers that no row of the tables gives. They go to programs and administrators, so they are in English.
NULL_SENDER = packets.reply("550 5.7.1", "Mail without a sender (bounces, automatic answers) is not taken for buyers.")
BAD_SENDER = packets.reply("550 5.1.7", "The sender's address is not UTF-8.")
TOO_LARGE = packets.reply("552 5.3.4", "The message is too large.")
FAILED = packets.reply("451 4.3.0", "The message could not be judged just now; please send it again later.")
