"""What a classifier on disk says of itself, once its files were found whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.find.model import check, digest_of
from engine.learn.card import EVALUATION
from engine.learn.gate import read_evaluation


def about(folder: Path) -> dict[str, Any]:
    """Return name, version, digest, size, origin and headline figures of the classifier in `folder`.

    Raises ModelError for one that is missing, damaged or of another version, InputError for a broken evaluation.
    """
    own = check(folder)
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    size = sum((folder / name).stat().st_size for name in own["files"])
    found = {
        "name": meta.get("name", ""),
        "version": own["version"],
        "folder": str(folder),
        "licence": meta.get("license", ""),
        "digest": digest_of(folder / "meta.json"),
        "files": len(own["files"]),
        "megabytes": round(size / 1e6, 1),
        "messages": own.get("messages", {}),
    }
    if (folder / EVALUATION).is_file():
        found["evaluation"] = _headline(folder)
    return found


def _headline(folder: Path) -> dict[str, Any]:
    evaluation = read_evaluation(folder / EVALUATION)
    measured = evaluation["model"] or {}
    return {
        "of this model": "yes" if measured.get("digest") == digest_of(folder / "meta.json") else "no, of another",
        "fold": evaluation["data"]["fold"],
        "messages": evaluation["data"]["messages"],
        "macro-F1": evaluation["macro_f1"]["value"],
        "calibration error": evaluation["calibration"]["ece"],
        **{f"critical stopped ({row['profile']})": row["critical_stopped"]["share"] for row in evaluation["verdicts"]},
    }
