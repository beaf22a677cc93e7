"""The encoder tier at run time: windows of word pieces through onnxruntime, one thread, one score a segment and window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from engine.find.wordpieces import Pieces, WordPieces, padded

Array = npt.NDArray[np.float32]

WINDOWS = 4  # of a message; longer ones are read where the linear tier finds most
_BATCH = 2048  # word pieces, padding included, in one call


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring segments of one message: `rows` are their numbers there."""

    pieces: Pieces
    rows: range


class Encoder:
    """The exported encoder with its tokenizer. Scores are log-odds, uncalibrated."""

    def __init__(self, folder: Path) -> None:
        """Read `encoder.onnx` and `tokenizer.json` in `folder`; a damaged file raises what its reader raises."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # one process a core serves more mail
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._pieces = WordPieces(folder / "tokenizer.json")

    def windows(self, texts: Sequence[str], *, in_reply: bool, telling: Array) -> list[Window]:
        """Cut a message into windows; of more than `WINDOWS` those with the highest `telling` (one number a text)."""
        ids = self._pieces.ids(texts)
        found: list[Window] = []
        row = 0
        while row < len(ids):
            pieces = self._pieces.join(ids[row:], in_reply=in_reply)
            found.append(Window(pieces, range(row, row + len(pieces.segments))))
            row += len(pieces.segments)
        if len(found) > WINDOWS:
            best = sorted(found, key=lambda window: -float(telling[window.rows.start : window.rows.stop].max()))
            found = sorted(best[:WINDOWS], key=lambda window: window.rows.start)
        return found

    def scores(self, windows: Sequence[Window]) -> list[Array]:
        """Return for each window the logits of its segments and, as the last row, of the window as a whole."""
        order = sorted(range(len(windows)), key=lambda place: len(windows[place].pieces.ids))
        found: dict[int, Array] = {}
        batch: list[int] = []
        for place in order:
            if batch and (len(batch) + 1) * len(windows[place].pieces.ids) > _BATCH:
                found |= self._run(windows, batch)
                batch = []
            batch.append(place)
        if batch:
            found |= self._run(windows, batch)
        return [found[place] for place in range(len(windows))]

    def _run(self, windows: Sequence[Window], batch: list[int]) -> dict[int, Array]:
        ids, mask, pool = padded([windows[place].pieces for place in batch])
        logits = self._session.run(None, {"ids": ids, "mask": mask, "pool": pool})[0]
        return {place: logits[at, : len(windows[place].rows) + 1] for at, place in enumerate(batch)}
