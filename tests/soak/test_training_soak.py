"""A small classifier is trained on a slice of the corpus by the command, evaluated, calibrated anew and used."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.find.model import digest_of
from engine.learn.split import corpus, roles

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "models" / "corpus"
MESSAGES = {"train": 400, "calibration": 120, "test": 120}


def tamis(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def slice_of_the_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some messages of each part of the split, as records, with a split of their own."""
    folder = tmp_path_factory.mktemp("slice")
    role = roles(CORPUS)
    left = dict(MESSAGES)
    chosen: dict[str, list[str]] = {name: [] for name in left}
    everything = list(corpus(CORPUS))
    with (folder / "slice.jsonl").open("w", encoding="utf-8") as file:
        for message in everything[:: len(everything) // (sum(MESSAGES.values()) * 4)]:
            part = role[message.id]
            if left[part] and all(label for _, label in message.segments[:1] if len(message.segments) == 1):
                left[part] -= 1
                chosen[part].append(message.id)
                segments = [{"t": text, "l": label} for text, label in message.segments]
                record = {"id": message.id, "lang": message.lang, "subject": message.subject}
                file.write(json.dumps(record | {"in_reply": message.in_reply, "segments": segments}) + "\n")
    assert not any(left.values()), left
    folds = {"0": chosen["test"], "1": chosen["calibration"], "2": chosen["train"]}
    (folder / "splits.json").write_text(json.dumps({"test": 0, "calibration": chosen["calibration"], "folds": folds}))
    return folder


@pytest.mark.skipif(find_spec("torch") is None, reason="training needs `pip install 'tamis[train]'`")
def test_a_classifier_is_made_by_the_command_and_made_again_the_same(slice_of_the_corpus: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.json"
    config.write_text(json.dumps({"version": "0.0.1", "layers": [0, 11], "epochs": 1}))
    for name in ("one", "two"):
        done = tamis("model", "train", "--corpus", slice_of_the_corpus, "--config", config, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    files = json.loads((tmp_path / "one" / "meta.json").read_text())["tamis"]["files"]
    assert {name: digest_of(tmp_path / "two" / name) for name in files} == files
    done = tamis("model", "evaluate", slice_of_the_corpus, "--fold", "test", "--model", tmp_path / "one", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["messages"] == MESSAGES["test"]
    done = tamis("model", "calibrate", "--model", tmp_path / "one")
    assert done.returncode == 0, done.stderr
    assert tamis("check", "--quiet", "--model", tmp_path / "one", ROOT / "tests" / "mail").returncode == 1
