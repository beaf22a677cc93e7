"""How much of a mail is read. What lies beyond is not judged, and the message carries the flag `truncated`.

Nothing is ever decompressed, attachments are never decoded beyond their first bytes (TNEF excepted), and every step is
linear in the bytes it is given, so that a mail of any size or nesting takes bounded memory and time.
"""

from __future__ import annotations

TEXT_HEAD = 192 * 1024
"""Characters kept from the beginning of the displayed text of a message (shared fairly between its texts) ..."""
TEXT_TAIL = 64 * 1024
"""... and from its end, so that a pitch after a long filler is still read."""
TEXT_TOTAL = TEXT_HEAD + TEXT_TAIL

APART_TOTAL = 64 * 1024
"""Characters kept of each text that stands apart: hidden text, link texts, link targets, attachment names."""

SOURCE_TOTAL = 2 * 1024 * 1024
"""Encoded bytes read of all text parts together. A mail of one or two may use half of it for each, a mail of more has
equal shares; of a longer part three quarters of the share are its beginning and one is its end."""

TNEF_BYTES = 8 * 1024 * 1024
"""Encoded bytes read of a winmail.dat; the message's text stands before its attachments."""

MAX_PARTS = 64
"""Leaves of the MIME tree that are read, attached mails included."""
MAX_NESTING = 10
"""Levels of multipart and message/rfc822 that are opened."""

HEADER_BLOCK = 256 * 1024
"""Bytes of one header block that are read."""
MAX_HEADERS = 1000

MAX_LINKS = 1000
"""Links kept, and as many remote images and pixels."""

HTML_HEAD = 384 * 1024
"""Characters of an HTML source that are parsed from its beginning (embedded `data:` images are taken out first) ..."""
HTML_TAIL = 128 * 1024
"""... and from its end."""
HTML_DEPTH = 500
"""Open HTML elements at once; tags nested deeper are flattened to their text (parsers need quadratic time for them)."""
HTML_FORMATTING = 6
"""Open formatting elements (`b`, `font`, ...) at once in a very long source: parsers reopen them in each paragraph."""
HTML_ATTRIBUTES = 100
"""Attributes kept of one HTML tag."""
HTML_NODES = 200_000
"""HTML nodes that are walked."""
