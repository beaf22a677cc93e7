"""Transfer encodings: the text, the first bytes or the size of a leaf, decoding no more than is asked for."""

from __future__ import annotations

import binascii

from engine.message.charset import decode
from engine.message.headers import forgiving_base64
from engine.message.limits import SOURCE_TOTAL
from engine.message.structure import Leaf, Tree

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ \t\r\n"


def text_of(tree: Tree, leaf: Leaf) -> str:
    """Return a text leaf's characters with line ends as `\\n` and NULs out. A very long one loses its middle."""
    share = SOURCE_TOTAL // max(2, tree.texts)
    if leaf.end - leaf.start > share:
        tree.truncated = True
        head = _decoded(tree, leaf, leaf.start, leaf.start + share // 4 * 3)
        data = head + b"\n" + _decoded(tree, leaf, _line_after(tree.raw, leaf, leaf.end - share // 4), leaf.end)
    else:
        data = _decoded(tree, leaf, leaf.start, leaf.end)
    text, defect = decode(data, leaf.params.get("charset"))
    if defect:
        tree.defects[defect] = None
    return clean(text, tree.defects)


def _line_after(raw: bytes, leaf: Leaf, at: int) -> int:
    """Where a tail may begin: at a line, else (base64 in one line) at a whole group of four."""
    line = raw.find(b"\n", at, min(at + 4096, leaf.end)) + 1
    return line or at + (len(raw[at : leaf.end].rstrip()) % 4 if leaf.encoding == "base64" else 0)


def clean(text: str, defects: dict[str, None]) -> str:
    """Normalise line ends to `\\n` and take NULs out (noted in `defects`)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        defects["nul-bytes"] = None
        text = text.replace("\0", "")
    return text


def _decoded(tree: Tree, leaf: Leaf, start: int, end: int) -> bytes:
    data = tree.raw[start:end]
    if leaf.encoding in ("", "7bit", "8bit", "binary"):
        return data
    if leaf.encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if leaf.encoding == "base64":
        if data.rstrip(b"= \t\r\n").translate(None, _BASE64):
            tree.defects["wrong-base64"] = None
            if _is_plain(data):
                return data
        return forgiving_base64(data)
    tree.defects["unknown-encoding"] = None
    return data


def _is_plain(data: bytes) -> bool:
    """Text that only claims to be base64: it has words where base64 has none."""
    sample = data[:4096]
    return sample.count(b" ") * 20 > len(sample)


def head_of(tree: Tree, leaf: Leaf, wanted: int) -> bytes:
    """Return about the first `wanted` decoded bytes of a leaf."""
    return _decoded(Tree(tree.raw), leaf, leaf.start, min(leaf.end, leaf.start + wanted * 2))[:wanted]


def bytes_of(tree: Tree, leaf: Leaf, limit: int) -> bytes:
    """Return the decoded bytes of a leaf, reading at most `limit` encoded ones."""
    if leaf.end - leaf.start > limit:
        tree.truncated = True
    return _decoded(tree, leaf, leaf.start, min(leaf.end, leaf.start + limit))


def size_of(tree: Tree, leaf: Leaf) -> int:
    """Return the size after decoding, counted without decoding (exact for well-formed content)."""
    raw, start, end = tree.raw, leaf.start, leaf.end
    length = end - start
    if leaf.encoding == "base64":
        blanks = sum(raw.count(blank, start, end) for blank in (b"\n", b"\r", b" ", b"\t"))
        return max(0, (length - blanks) * 3 // 4 - raw.count(b"=", max(start, end - 8), end))
    if leaf.encoding == "quoted-printable":
        crlf, soft = raw.count(b"=\r\n", start, end), raw.count(b"=\n", start, end)
        return max(0, length - 3 * crlf - 2 * soft - 2 * (raw.count(b"=", start, end) - crlf - soft))
    return length
