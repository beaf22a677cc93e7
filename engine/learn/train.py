"""Training: from the labelled corpus to the artefact in `models/classifier`, in one go.

    vocabulary -> fine-tuned encoder -> linear tier -> calibration -> spaCy pipeline with digests

Everything random has a seed, so a second run on the same machine gives the same predictions.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import UsageError
from engine.find.model import FORMAT, Model, digest_of
from engine.find.outputs import OUTPUTS
from engine.find.wordpieces import WordPieces
from engine.learn import e5, vocabulary
from engine.learn.calibrate import calibrate, measure
from engine.learn.examples import targets
from engine.learn.linear import Sample, fit
from engine.learn.split import Labelled
from engine.text.fold import fold_plain

Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, of how much


@dataclass(frozen=True, slots=True)
class Config:
    """What a training run is made of; kept in the artefact as `training.json`."""

    version: str
    layers: tuple[int, ...] = tuple(range(12))  # of the pre-trained encoder's twelve
    epochs: int = 5
    rate: float = 6e-5
    batch: int = 12
    noise: float = 0.35  # share of messages that get noise in an epoch
    linear_strength: float = 10.0
    seed: int = 1
    threads: int = 2

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read a saved configuration; raises UsageError for one that cannot be used."""
        try:
            content = json.loads(path.read_text("utf-8"))
            return cls(**{**content, "layers": tuple(content.get("layers", range(12)))})
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path}: not a training configuration ({error}); see models/classifier/training.json"
            ) from error


def train(
    config: Config, training: Sequence[Labelled], calibration: Sequence[Labelled], out: Path, *, progress: Progress
) -> Model:
    """Train on `training`, calibrate on `calibration`, write the artefact to `out` (which appears when it is whole)."""
    work = out.with_name(f"{out.name}.making")
    shutil.rmtree(work, ignore_errors=True)
    parts = work / "tamis_intents"
    parts.mkdir(parents=True)
    make_encoder(config, training, parts, progress=progress)
    return finish(config, training, calibration, work, out, progress=progress)


def make_encoder(config: Config, training: Sequence[Labelled], parts: Path, *, progress: Progress) -> None:
    """Fine-tune the encoder and write `encoder.onnx` and `tokenizer.json` into `parts`."""
    import torch

    from engine.learn.encoder import Encoder
    from engine.learn.export import export
    from engine.learn.finetune import Tuning, finetune

    torch.set_num_threads(config.threads)
    texts = (f"{message.subject} {message.body}" for message in training)
    definition, order = vocabulary.cut(e5.tokenizer(), texts)
    vocabulary.save(definition, parts / "tokenizer.json")
    shape, tensors = e5.weights()
    tensors["emb.word"] = tensors["emb.word"][order]
    torch.manual_seed(config.seed)
    encoder = Encoder(shape, tensors, config.layers, len(OUTPUTS), dropout=0.1)
    finetune(
        encoder, training, WordPieces(parts / "tokenizer.json"),
        Tuning(config.epochs, config.rate, config.batch, config.noise, config.seed),
        progress=lambda step, steps, loss: progress(f"encoder, loss {loss:.2f}", step, steps),
    )  # fmt: skip
    export(encoder, parts / "encoder.onnx")


def finish(
    config: Config, training: Sequence[Labelled], calibration: Sequence[Labelled], work: Path, out: Path,
    *, progress: Progress,
) -> Model:  # fmt: skip
    """Fit the linear tier beside the encoder in `work`, calibrate both, and put the whole in place of `out`."""
    import spacy

    from engine.find.calibration import Calibration
    from engine.find.encoder import Encoder
    from engine.find.pipeline import IntentClassifier

    parts = work / "tamis_intents"
    nlp = spacy.blank("xx")
    nlp.add_pipe("tamis_sentences")
    classifier = nlp.add_pipe("tamis_intents")
    assert isinstance(classifier, IntentClassifier)
    done = 0

    def fitted(_output: str) -> None:
        nonlocal done
        done += 1
        progress("linear tier", done, len(OUTPUTS))

    classifier.linear = fit(_samples(config, training), strength=config.linear_strength, progress=fitted)
    classifier.encoder = Encoder(parts)
    zeros = np.zeros((1, 1), np.float32)
    classifier.calibration = Calibration(zeros, zeros, zeros, zeros, float("inf"))
    progress("calibration", 0, 1)
    classifier.calibration = calibrate(measure(Model(nlp, config.version), calibration))
    progress("calibration", 1, 1)
    nlp.meta.update(_meta(config.version))
    nlp.to_disk(work)
    (work / "training.json").write_text(json.dumps(asdict(config), indent=1) + "\n", "utf-8")
    counts = {"training": len(training), "calibration": len(calibration)}
    _seal(work, config.version, counts)
    _replace(work, out)
    return Model.load(out)


def recalibrate(folder: Path, messages: Sequence[Labelled]) -> float:
    """Fit the calibration of the classifier in `folder` on `messages` and return from where on its linear tier settles."""
    model = Model.load(folder)
    model.classifier.calibration = calibrate(measure(model, messages))
    model.classifier.calibration.save(folder / "tamis_intents")
    meta = json.loads((folder / "meta.json").read_text("utf-8"))["tamis"]
    _seal(folder, model.version, {**meta["messages"], "calibration": len(messages)})
    return model.classifier.calibration.sure


def _samples(config: Config, training: Sequence[Labelled]) -> list[Sample]:
    rng = random.Random(config.seed)
    samples = []
    for message in training:
        made = targets(message, rng if rng.random() < config.noise else None)
        texts = [fold_plain(text) for text in made.texts]
        first = 1 if message.subject.strip() else 0  # the subject alone has no label
        samples += [
            Sample(texts[row], message.in_reply, made.intents[row], int(made.kinds[row]), 1.0)
            for row in range(first, len(texts))
        ]
        samples.append(Sample("\n".join(texts), message.in_reply, made.intents[-1], int(made.kinds[-1]), 1.0))
    return samples


def _meta(version: str) -> dict[str, Any]:
    return {
        "name": "tamis_classifier",
        "version": version,
        "description": "Intents of marketplace sellers' messages in eight languages",
        "license": "Apache-2.0 (encoder: multilingual-e5-small, MIT; see NOTICE)",
    }


def _seal(folder: Path, version: str, counts: dict[str, int]) -> None:
    """Note format, outputs, version and every file's digest in `meta.json`."""
    (folder / "NOTICE").write_text(_NOTICE, "utf-8")
    files = {
        str(path.relative_to(folder)): digest_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _UNSEALED
    }
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    meta["tamis"] = {"format": FORMAT, "version": version, "outputs": list(OUTPUTS), "messages": counts, "files": files}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", "utf-8")


def _replace(work: Path, out: Path) -> None:
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    work.rename(out)
    shutil.rmtree(old, ignore_errors=True)


# Written last, or made from the classifier afterwards.
_UNSEALED = ("meta.json", "evaluation.json")
_NOTICE = """\
The encoder in this folder is fine-tuned from multilingual-e5-small (https://huggingface.co/intfloat/multilingual-e5-small),
Copyright (c) Microsoft Corporation, under the MIT licence:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: the above copyright notice and this permission notice
shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY
OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Its word pieces were chosen with word frequencies of the package wordfreq (Apache-2.0), which are not contained. Everything
else here was made from models/corpus and is under the licence of Tamis (Apache-2.0).
"""
