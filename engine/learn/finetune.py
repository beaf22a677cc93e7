"""Fine-tuning of the encoder on labelled messages (PyTorch, extra `train`)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from engine.find.outputs import INTENT_OUTPUTS, KINDS
from engine.find.wordpieces import Pieces, WordPieces, padded
from engine.learn.encoder import Encoder
from engine.learn.examples import Array, targets
from engine.learn.split import Labelled

_INTENTS = len(INTENT_OUTPUTS)
_KIND_WEIGHT = 0.3  # of the loss over kinds, beside that over intents
_HEAD_RATE = 1e-3  # the head starts from nothing and learns faster than the layers
_WARM_UP = 0.08  # share of the steps


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to fine-tune: passes over the data, peak learning rate, messages a step, share of messages with noise."""

    epochs: int
    rate: float
    batch: int
    noise: float
    seed: int


@dataclass(frozen=True, slots=True)
class _Example:
    pieces: Pieces
    intents: Array  # a row a segment and, last, one for the whole
    kinds: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Batch:
    ids: torch.Tensor
    mask: torch.Tensor
    pool: torch.Tensor
    intents: torch.Tensor  # NaN where unknown and where a message has no such row
    kinds: torch.Tensor
    whole: torch.Tensor  # the row of the whole message


def finetune(
    model: Encoder,
    messages: Sequence[Labelled],
    pieces: WordPieces,
    tuning: Tuning,
    *,
    progress: Callable[[int, int, float], None],
) -> None:
    """Train `model` in place. `progress` gets the step, their number and the mean loss of the epoch so far."""
    torch.manual_seed(tuning.seed)
    rng = random.Random(tuning.seed)
    optimizer = _optimizer(model, tuning)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps = -(-len(messages) // tuning.batch) * tuning.epochs
    step = 0
    for _ in range(tuning.epochs):
        model.train()
        examples = [_example(message, pieces, rng if rng.random() < tuning.noise else None) for message in messages]
        losses = 0.0
        batches = _batches(examples, tuning.batch, rng)
        for number, batch in enumerate(batches, 1):
            factor = min((step + 1) / (_WARM_UP * steps), (steps - step) / (steps * (1 - _WARM_UP)), 1.0)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            loss = _loss(model, _collate([examples[place] for place in batch]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            losses += loss.item()
            progress(step, steps, losses / number)
    model.eval()


def _example(message: Labelled, pieces: WordPieces, rng: random.Random | None) -> _Example:
    wanted = targets(message, rng)
    joined = pieces.join(pieces.ids(wanted.texts), in_reply=message.in_reply)
    kept = [*range(len(joined.segments)), -1]
    return _Example(joined, wanted.intents[kept], wanted.kinds[kept])


def _batches(examples: Sequence[_Example], size: int, rng: random.Random) -> list[list[int]]:
    """Messages of like length together, so that little is padded; the batches in any order."""
    order = sorted(range(len(examples)), key=lambda place: len(examples[place].pieces.ids) + rng.random() * 8)
    batches = [order[at : at + size] for at in range(0, len(order), size)]
    rng.shuffle(batches)
    return batches


def _collate(examples: Sequence[_Example]) -> _Batch:
    ids, mask, pool = (torch.from_numpy(array) for array in padded([example.pieces for example in examples]))
    rows = pool.shape[1]
    intents = torch.full((len(examples), rows, _INTENTS), float("nan"))
    kinds = torch.full((len(examples), rows), -1, dtype=torch.long)
    for place, example in enumerate(examples):
        own = len(example.kinds)
        intents[place, :own] = torch.from_numpy(example.intents)
        kinds[place, :own] = torch.from_numpy(example.kinds)
    whole = torch.tensor([len(example.kinds) - 1 for example in examples])
    return _Batch(ids, mask, pool, intents, kinds, whole)


def _loss(model: Encoder, batch: _Batch) -> torch.Tensor:
    """The mean over messages of the whole's loss, that over segments of theirs, and a part of the kinds'."""
    logits = model(batch.ids, batch.mask, batch.pool)
    known = ~batch.intents.isnan()
    each = functional.binary_cross_entropy_with_logits(
        logits[..., :_INTENTS], batch.intents.nan_to_num(0), reduction="none"
    )
    each = each * known
    rows = torch.arange(len(batch.ids))
    whole = each[rows, batch.whole].sum(-1).mean()
    of_segments = known.clone()
    of_segments[rows, batch.whole] = False
    segments = (each * of_segments).sum() / of_segments.any(-1).sum().clamp(min=1)
    loss: torch.Tensor = whole + segments + _KIND_WEIGHT * _kind_loss(logits, batch.kinds)
    return loss


def _kind_loss(logits: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
    total, count = logits.new_zeros(()), 0
    for columns in KINDS.values():
        rows = (kinds >= columns[0]) & (kinds <= columns[-1])
        if rows.any():
            among = logits[rows][:, columns[0] : columns[-1] + 1]
            total = total + functional.cross_entropy(among, kinds[rows] - columns[0], reduction="sum")
            count += int(rows.sum())
    return total / max(count, 1)


def _optimizer(model: Encoder, tuning: Tuning) -> torch.optim.Optimizer:
    layers = [(name, p) for name, p in model.named_parameters() if p.requires_grad and not name.startswith("head.")]
    return torch.optim.AdamW(
        [
            {"params": [p for _, p in layers if p.dim() > 1], "lr": tuning.rate, "weight_decay": 0.01},
            {"params": [p for _, p in layers if p.dim() <= 1], "lr": tuning.rate, "weight_decay": 0.0},
            {"params": list(model.head.parameters()), "lr": _HEAD_RATE, "weight_decay": 0.0},
        ]
    )
