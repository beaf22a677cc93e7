"""From intents to the content of a message: the state of each class, asked of the profile's content rows."""

from __future__ import annotations

from engine.decide.intents import Intents
from engine.decide.profile import Profile, Row
from engine.decide.words import PLACEHOLDERS


def content_of(
    intents: Intents, profile: Profile, *, order: str, tag_claimed: bool, judged_partial: bool
) -> tuple[str, Row]:
    """Return the content of a message and the row that gave it."""
    state = {klass: intents.state(klass) for klass in ("critical", "solicit", "info")}
    state |= {
        "legal_notice": "present" if intents.state("legal_notice") == "present" else "absent",
        "order": order,
        "tag": "claimed" if tag_claimed else "none",
        "judged": "partial" if judged_partial else "full",
    }
    row = profile.policy.content(state)
    content = row.get("content")
    best = intents.best(PLACEHOLDERS[content]) if content in PLACEHOLDERS else None
    return (best.intent if best else content), row
