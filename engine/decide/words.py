"""The words of the policy: intents and kinds, classes, what a state or a row may say. One name per thing, everywhere.

The states are those of the two tables that are the policy's oracle (`tests/oracle`); their order is that of a record.
"""

from __future__ import annotations

# Kinds by intent. An intent without kinds has one label, its own name; the others may also be found without a kind.
INTENTS: dict[str, tuple[str, ...]] = {
    "customization": (),
    "delivery_scheduling": (),
    "address_issue": (),
    "review_request": ("product", "seller", "change", "incentive"),
    "redundant_confirmation": ("order", "shipment", "delivery", "refund"),
    "proactive_service": ("manual", "tips", "faq", "troubleshooting"),
    "stock_out": ("out", "delay", "alternative"),
    "marketing": (),
    "off_platform_contact": (),
    "other": ("legal_notice",),
}
LABELS: tuple[str, ...] = tuple(
    label for intent, kinds in INTENTS.items() for label in (intent, *(f"{intent}.{kind}" for kind in kinds))
)
CLASSES = ("critical", "solicit", "info", "legal_notice", "neutral")
LANGUAGES = ("fr", "en", "de", "it", "es", "nl", "pl", "sv")

_SURENESS = ("present", "possible", "absent")
CONTENT_STATE: dict[str, tuple[str, ...]] = {
    "critical": _SURENESS,
    "solicit": _SURENESS,
    "info": _SURENESS,
    "legal_notice": ("present", "absent"),
    "order": ("open", "none", "unknown"),
    "tag": ("claimed", "none"),
    "judged": ("full", "partial"),
}
CONTENTS = (
    "critical", "critical_no_order", "legal_notice", "review_request", "redundant_confirmation", "proactive_service",
    "stock_out", "marketing", "off_platform_contact", "neutral", "mixed_info", "mixed_solicit", "fake_important",
    "uncertain",
)  # fmt: skip
# In a content row these stand for the intent of the class with the highest score.
PLACEHOLDERS = {"<solicit>": "solicit", "<info>": "info"}

VERDICT_STATE: dict[str, tuple[str, ...]] = {
    "recipient": (
        "own_alias", "other_sellers_alias", "unknown_alias", "seller_account", "not_alias_domain", "second_alias",
    ),
    "sender": ("authorised", "not_authorised"),
    "content": CONTENTS,
    "buyer_opted_out": ("no", "yes"),
    "reply": ("none", "thread", "thread+original", "original_only"),
    "quota": ("under", "over"),
    "bounce_notices": ("on", "off"),
}  # fmt: skip
VERDICTS = ("allow", "block", "bounce", "defer", "not_judged")
BY = ("notice", "smtp_reject")
REASONS = (
    "not_a_buyer_alias", "sender_not_authorised", "unknown_alias", "seller_to_seller", "one_buyer_per_message",
    "reply_in_thread", "reply_with_original", "critical", "uncertain", "no_open_order", "solicitation_in_critical",
    "buyer_opted_out", "false_important", "buyer_accepts_messages", "quota_exceeded", "prohibited_solicitation",
    "prohibited_information", "prohibited_content", "neutral",
)  # fmt: skip
# Flags that a row may set, and those that this room sets itself (rules and the message add their own words).
ROW_FLAGS = (
    "borderline", "tag_not_needed", "off_topic_reply", "original_quoted_in_new_thread", "over_quota", "uncertain",
    "not_essential", "buyer_opted_out",
)  # fmt: skip
OWN_FLAGS = ("solicitation_in_quotation", "solicitation_in_signature", "found_in_hidden_text", "warned")

# The words of a context, with what is taken for granted when nobody says.
CONTEXT_DEFAULTS: dict[str, str] = {
    "recipient": "own_alias",
    "sender": "authorised",
    "buyer_opted_out": "no",
    "reply": "none",
    "quota": "under",
    "bounce_notices": "on",
    "order": "unknown",
}
CONTEXT_WORDS: dict[str, tuple[str, ...]] = {
    name: VERDICT_STATE[name] if name in VERDICT_STATE else CONTENT_STATE[name] for name in CONTEXT_DEFAULTS
}
