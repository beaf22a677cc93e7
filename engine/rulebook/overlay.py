"""The overlay: a user's changes on top of the shipped rules, in a folder of their own.

DIR/overlay.yaml       what to disable, which status or threshold to change
DIR/exceptions.yaml    rules that do not count for one seller, until a day
DIR/packs/<pack>/*.yaml, DIR/lists/*.txt     rules of one's own, lines added to the shipped lists
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.rulebook.problem import Problem
from engine.rulebook.schema import INTENTS, Identifier, Status
from engine.rulebook.validate import did_you_mean, place_of, validated
from engine.rulebook.yamlpos import Document, YamlList, YamlMap, YamlScalar, read

FILE, EXCEPTIONS = "overlay.yaml", "exceptions.yaml"
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Reason = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Disabled(_Strict):
    """A shipped rule that sleeps until a day."""

    rule: Identifier
    because: Reason
    until: Day


class Changed(_Strict):
    """Another status for a shipped rule."""

    rule: Identifier
    status: Status
    because: Reason


Score = Annotated[float | int, Field(gt=0, lt=1)]


class Thresholds(_Strict):
    """Numbers of one intent that differ from `intents.yaml`."""

    threshold: Score | None = None
    threshold_beside_critical: Score | None = None
    prior: float | int | None = None
    band: Annotated[list[Score], Field(min_length=2, max_length=2)] | None = None


class OverlayFile(_Strict):
    """The content of `overlay.yaml`."""

    overlay: Identifier
    disable: list[Disabled] = []
    change: list[Changed] = []
    thresholds: dict[Literal[tuple(INTENTS)], Thresholds] = {}  # type: ignore[valid-type]


class Exception_(_Strict):
    """One rule that does not count for one seller (the address it writes from) until a day."""

    rule: Identifier
    seller: Annotated[str, Field(min_length=3)]
    until: Day
    author: Reason
    because: Reason


class ExceptionsFile(_Strict):
    """The content of `exceptions.yaml`."""

    exceptions: list[Exception_] = []


@dataclass(slots=True)
class Overlay:
    """What an overlay folder says, with the problems found in it."""

    disabled: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, dict[str, Any]] = field(default_factory=dict)
    exceptions: tuple[dict[str, str], ...] = ()
    documents: list[Document] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the two files."""
        return [problem for document in self.documents for problem in document.problems]


def load_overlay(folder: Path, name_of: Any = str) -> Overlay:
    """Read the two files of an overlay folder."""
    overlay = Overlay()
    document = read(folder / FILE, name_of(folder / FILE))
    overlay.documents.append(document)
    if document.root is not None:
        content, _ = validated(document, document.root, OverlayFile)
        if content is not None:
            overlay.disabled = {entry.rule: entry.until for entry in content.disable}
            overlay.statuses = {entry.rule: entry.status for entry in content.change}
            overlay.thresholds = {
                str(intent): numbers.model_dump(exclude_none=True) for intent, numbers in content.thresholds.items()
            }
    if (folder / EXCEPTIONS).is_file():
        document = read(folder / EXCEPTIONS, name_of(folder / EXCEPTIONS))
        overlay.documents.append(document)
        if document.root is not None:
            listed, _ = validated(document, document.root, ExceptionsFile)
            if listed is not None:
                overlay.exceptions = tuple(entry.model_dump() for entry in listed.exceptions)
    return overlay


def check_overlay(overlay: Overlay, known: set[str]) -> None:
    """Report rules that the overlay names and nobody knows."""
    for document in overlay.documents:
        for key in ("disable", "change", "exceptions"):
            entries = place_of(document.root, (key,)) if document.root else None
            for node in entries.items if isinstance(entries, YamlList) else []:
                rule = node.entries.get("rule") if isinstance(node, YamlMap) else None
                if isinstance(rule, YamlScalar) and rule.value not in known:
                    hint = did_you_mean(str(rule.value), known)
                    document.report("T217", f"there is no rule `{rule.value}`", rule, hint)


START = {
    "overlay.yaml": """\
# Your changes on top of the rules that ship with Tamis. Use it with `tamis check --rules <this folder> ...`.
overlay: my-marketplace

# Shipped rules that should sleep for a while. All three keys are needed; after the day the rule is awake again.
disable: []
#  - {rule: marketing.example.fr, because: "summer sale agreed with all sellers", until: "2027-01-31"}

# Another status for a shipped rule: shadow (recorded, never counted), warn (delivered, the seller is told), enforce.
change: []
#  - {rule: marketing.example.fr, status: shadow, because: "measuring first"}

# Numbers of intents.yaml that should differ.
thresholds: {}
#  marketing: {threshold: 0.7}
""",
    "exceptions.yaml": """\
# Rules that do not count for one seller, until a day.
exceptions: []
#  - rule: marketing.example.fr
#    seller: shop@seller.example
#    until: "2027-01-31"
#    author: A. Name
#    because: one line why
""",
    "packs/my_rules/example.yaml": """\
# Rules of your own. The grammar and a tour are in the README of the shipped rules (`tamis rules show --help`).
pack: my_rules
rules:
  - id: my.gift-card.en
    revision: 1
    title: Offers a gift card for a next order
    intent: marketing
    strength: certain
    status: shadow                      # recorded, not counted: see what it hits, then say enforce
    languages: [en]
    find:
      offer: {phrases: ["gift (card|voucher) .. next (order|purchase)"]}
    when: offer
    explain: Offers a gift card for a next order
    tests:
      - hit: "Use this gift card for your next order."
        spans: {offer: "gift card for your next order"}
      - miss: "Which text should we print on the gift card?"
""",
}
