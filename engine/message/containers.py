"""The HTML elements by which mail clients mark what they quote, and the signature they add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Container = Literal["quoted", "signature", "rest"]
"""`rest`: the head of a quotation that goes on to the end of the mail (Outlook puts no element around it)."""

_RULE = re.compile(r"border-top:\s?solid", re.I)
_KINDS: dict[str, Container] = {
    "gmail_quote": "quoted",
    "gmail_quote_container": "quoted",
    "gmail_attr": "quoted",
    "moz-cite-prefix": "quoted",
    "moz-forward-container": "quoted",
    "reply-intro": "quoted",
    "yahoo_quoted": "quoted",
    "protonmail_quote": "quoted",
    "tutanota_quote": "quoted",
    "zmail_extra": "quoted",
    "zmail_extra_hr": "quoted",
    "gmx_quote": "quoted",
    "ms-outlook-mobile-reference-message": "quoted",
    "mail-editor-reference-message-container": "quoted",
    "olk_src_body_section": "quoted",
    "appleoriginalcontents": "quoted",
    "divrplyfwdmsg": "rest",
    "stopspelling": "rest",
    "gmail_signature": "signature",
    "gmail_signature_prefix": "signature",
    "moz-signature": "signature",
    "signature": "signature",
    "applemailsignature": "signature",
    "protonmail_signature_block": "signature",
    "composer_signature": "signature",
    "ms-outlook-mobile-signature": "signature",
    "tutanota_signature": "signature",
}


def container(tag: str, attributes: Mapping[str, str | None]) -> Container | None:
    """Return what kind of container an element is, None for an ordinary one."""
    if tag == "blockquote" and (attributes.get("type") or "").lower() == "cite":
        return "quoted"
    if "class" in attributes or "id" in attributes:
        words = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        for word in words.lower().split():
            # Outlook on the web puts x_ before the names of what it forwards, Yahoo a number.
            kind = _KINDS.get(word.removeprefix("x_"))
            if kind:
                return kind
            if word.endswith("yahoo_quoted"):
                return "quoted"
    if attributes.get("name") == "quote" or attributes.get("data-marker") == "__QUOTED_TEXT__":
        return "quoted"
    if attributes.get("data-smartmail") == "gmail_signature":
        return "signature"
    if tag == "div" and "border-top" in (style := attributes.get("style") or "") and _RULE.search(style):
        return "rest"
    return None
