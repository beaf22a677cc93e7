"""The encoder in training: a plain BERT with one head.

A message is one sequence; every segment and the whole are means of the last layer over their word pieces. So one pass
scores all segments in their context. Needs PyTorch (extra `train`); run time needs only the exported file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from engine.learn.e5 import Shape

Array = npt.NDArray[np.float32]


class Layer(nn.Module):
    """One layer, normalised after each half as BERT does."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q, self.k, self.v = (nn.Linear(shape.hidden, shape.hidden) for _ in range(3))
        self.ao = nn.Linear(shape.hidden, shape.hidden)
        self.aln = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.fi = nn.Linear(shape.hidden, shape.inner)
        self.fo = nn.Linear(shape.inner, shape.hidden)
        self.oln = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, length, hidden = x.shape

        def split(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, length, self.heads, -1).transpose(1, 2)

        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(hidden // self.heads) + bias, dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, length, hidden)
        x = self.aln(x + self.drop(self.ao(mixed)))
        return self.oln(x + self.drop(self.fo(functional.gelu(self.fi(x)))))


class Encoder(nn.Module):
    """Ids `(B, T)`, mask `(B, T)` and pool `(B, S, T)` (rows that sum to one) to logits `(B, S, outputs)`."""

    def __init__(self, shape: Shape, tensors: dict[str, Array], layers: Sequence[int], outputs: int, dropout: float):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(tensors["emb.word"]), freeze=True)
        positions = tensors["emb.pos"] + tensors["emb.type"][0]
        self.positions = nn.Parameter(torch.from_numpy(positions), requires_grad=False)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.layers = nn.ModuleList([Layer(shape, dropout) for _ in layers])
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(shape.hidden, outputs)
        with torch.no_grad():
            self.norm.weight.copy_(torch.from_numpy(tensors["emb.ln.w"]))
            self.norm.bias.copy_(torch.from_numpy(tensors["emb.ln.b"]))
            for layer, number in zip(self.layers, layers, strict=True):
                for name, parameter in layer.named_parameters():
                    key = f"l{number}.{name.replace('weight', 'w').replace('bias', 'b')}"
                    parameter.copy_(torch.from_numpy(tensors[key]).view_as(parameter))
            nn.init.normal_(self.head.weight, std=0.02)
            nn.init.zeros_(self.head.bias)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.norm(self.words(ids) + self.positions[: ids.shape[1]]))
        bias = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        logits: torch.Tensor = self.head(self.drop(pool @ x))
        return logits
