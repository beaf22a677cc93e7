"""The MIME tree of a mail, flattened: every leaf with its place in the bytes, in reading order.

Only offsets are kept, nothing is copied or decoded here. The standard library's parser makes an object for every part
and tests every line against every enclosing boundary, so that a mail of a million tiny or deeply nested parts costs
gigabytes or minutes; here the limits hold before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.message.headers import Headers, decode_value, parameters, read_block
from engine.message.limits import MAX_NESTING, MAX_PARTS

_TYPE = re.compile(r"\s*([\w.+-]+)/([\w.+-]+)")
_REST = re.compile(rb"(--)?[ \t]*\r?(?:\n|\Z)")
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


@dataclass(slots=True)
class Leaf:
    """A part without parts: media type, decoded parameters, and `[start, end)` of its encoded content in the raw mail.

    `mail` numbers the mail it belongs to: 0 is the mail itself, others are attached mails (message/rfc822).
    """

    media: str
    params: dict[str, str]
    disposition: str
    name: str
    encoding: str
    content_id: str
    start: int
    end: int
    mail: int

    @property
    def attached(self) -> bool:
        return self.disposition == "attachment"


@dataclass(slots=True)
class Tree:
    """The leaves, the headers (as written) of the mail and of each attached mail, and what was wrong or left out."""

    raw: bytes
    leaves: list[Leaf] = field(default_factory=list)
    mails: list[Headers] = field(default_factory=list)
    defects: dict[str, None] = field(default_factory=dict)
    encrypted: bool = False
    truncated: bool = False
    opened: int = 0

    @property
    def texts(self) -> int:
        """How many leaves are text, and share what is read of it."""
        return sum(leaf.media.startswith("text/") or "html" in leaf.media for leaf in self.leaves)

    @property
    def full(self) -> bool:
        """No more parts are read: enough leaves, or too many containers that hold none."""
        return len(self.leaves) >= MAX_PARTS or self.opened > 4 * MAX_PARTS


def read_tree(raw: bytes) -> Tree:
    """Return the tree of a mail. Never raises; limits are those of `limits`."""
    tree = Tree(raw)
    _mail(tree, 0, len(raw), 0)
    return tree


def _mail(tree: Tree, start: int, end: int, depth: int) -> None:
    headers, body, defect = read_block(tree.raw, start, end)
    _defect(tree, defect)
    tree.mails.append(headers)
    _part(tree, headers, body, end, depth, "text/plain", len(tree.mails) - 1)


def _part(tree: Tree, headers: Headers, start: int, end: int, depth: int, default: str, mail: int) -> None:
    tree.opened += 1
    if tree.full or depth > MAX_NESTING:
        tree.truncated = True
        _defect(tree, "too-many-parts" if tree.full else "nested-too-deep")
        return
    leaf = _leaf(headers, start, end, default, mail)
    if leaf.media.startswith("multipart/"):
        _multipart(tree, leaf, depth)
    elif leaf.media in ("message/rfc822", "message/global") and leaf.encoding in ("", "7bit", "8bit", "binary"):
        tree.leaves.append(leaf)
        _mail(tree, start, end, depth + 1)
    else:
        tree.leaves.append(leaf)


def _leaf(headers: Headers, start: int, end: int, default: str, mail: int) -> Leaf:
    values = {name.lower(): value for name, value in reversed(headers)}
    declared = values.get("content-type", "")
    found = _TYPE.match(declared)
    media = f"{found[1]}/{found[2]}".lower() if found else default
    params = parameters(declared) if found else {}
    disposition = values.get("content-disposition", "")
    name = (parameters(disposition).get("filename") if disposition else None) or params.get("name", "")
    encoding = values.get("content-transfer-encoding", "").partition(";")[0].strip().lower()
    kind = disposition.partition(";")[0].strip().lower()
    name = decode_value(name) if name else ""
    return Leaf(media, params, kind, name, encoding, values.get("content-id", ""), start, end, mail)


def _multipart(tree: Tree, leaf: Leaf, depth: int) -> None:
    subtype = leaf.media.partition("/")[2]
    boundary = leaf.params.get("boundary", "").rstrip()
    if subtype == "encrypted":
        tree.encrypted = True
    default = "message/rfc822" if subtype == "digest" else "text/plain"
    found = False
    for start, end in _pieces(tree, boundary, leaf.start, leaf.end) if boundary else ():
        found = True
        headers, body, defect = read_block(tree.raw, start, end)
        _defect(tree, defect)
        before = len(tree.leaves)
        _part(tree, headers, min(body, end), end, depth + 1, default, leaf.mail)
        if subtype == "signed":
            _drop_signature(tree, before)
        if tree.full and tree.truncated:
            return
    if not found and leaf.end > leaf.start:
        _defect(tree, "missing-boundary")
        leaf.media = "text/plain"
        tree.leaves.append(leaf)


def _drop_signature(tree: Tree, before: int) -> None:
    """The signature of a signed mail is no file that somebody attached."""
    tree.leaves[before:] = [leaf for leaf in tree.leaves[before:] if leaf.media not in _SIGNATURES]


def _pieces(tree: Tree, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield `[start, end)` of each part between the boundary's lines."""
    mark = b"--" + boundary.encode("latin-1", "replace")
    raw = tree.raw
    opened: int | None = None
    at = raw.find(mark, start, end)
    while at >= 0:
        found = _REST.match(raw, at + len(mark), end) if at == start or raw[at - 1] == 10 else None
        if found:
            if opened is not None:
                yield opened, _before(raw, opened, at)
            if found[1]:
                return
            opened = found.end()
        at = raw.find(mark, at + len(mark), end)
    if opened is not None:
        _defect(tree, "truncated-multipart")
        yield opened, end


def _before(raw: bytes, start: int, at: int) -> int:
    """The line end before a boundary belongs to the boundary."""
    if at - 1 >= start and raw[at - 1 : at] == b"\n":
        at -= 1
        if at - 1 >= start and raw[at - 1 : at] == b"\r":
            at -= 1
    return max(at, start)


def _defect(tree: Tree, word: str | None) -> None:
    if word:
        tree.defects[word] = None
