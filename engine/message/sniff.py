"""The media type of a file by its first bytes: a small table of what sellers attach, and of what they should not."""

from __future__ import annotations

import re

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"BEGIN:VCARD", "text/vcard"),
    (0, b"BEGIN:VCALENDAR", "text/calendar"),
    (0, b"\xff\xfe", "text/plain"),
    (0, b"\xfe\xff", "text/plain"),
)
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_ODF = re.compile(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z-]+)")
_HTML = re.compile(rb"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype html|html|head|body|script|div|p|table|a)\b", re.I | re.S)
_MAIL = re.compile(rb"(?:From |(?:Return-Path|Received|Delivered-To|From|Date|Subject|Message-ID|MIME-Version):)", re.I)
_CONTROL = bytes(byte for byte in range(32) if byte not in (9, 10, 12, 13, 27))

SNIFF_BYTES = 2048
"""How many decoded bytes `sniff` wants to see."""


def sniff(head: bytes) -> str:
    """Return the media type of a file that begins with `head`; `application/octet-stream` when nothing fits."""
    if not head:
        return "application/x-empty"
    if head.startswith(b"PK\x03\x04"):
        return _zip(head)
    for offset, magic, media in _MAGIC:
        if head.startswith(magic, offset):
            return media
    return _text(head)


def _zip(head: bytes) -> str:
    found = _ODF.search(head[:200])
    if found:
        return found[1].decode("ascii")
    return next((media for name, media in _OFFICE if name in head), "application/zip")


def _text(head: bytes) -> str:
    if b"\0" in head:
        return "application/octet-stream"
    body = head.removeprefix(b"\xef\xbb\xbf")
    if body.lstrip().lower().startswith(b"<svg") or (body.lstrip().startswith(b"<?xml") and b"<svg" in body):
        return "image/svg+xml"
    if _HTML.match(body):
        return "text/html"
    if body.lstrip().startswith(b"<?xml"):
        return "text/xml"
    if _MAIL.match(body):
        return "message/rfc822"
    control = len(body) - len(body.translate(None, _CONTROL))
    return "text/plain" if control * 50 <= len(body) else "application/octet-stream"
