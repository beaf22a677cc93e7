"""The trained encoder as an ONNX file with int8 weights, which onnxruntime runs without PyTorch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from engine.learn.encoder import Encoder

INPUTS = ("ids", "mask", "pool")


def export(model: Encoder, path: Path) -> None:
    """Write `model` to `path`: inputs `ids (B, T)`, `mask (B, T)`, `pool (B, S, T)`, output `logits (B, S, outputs)`.

    Weights have seven bits a value and a scale a column: processors without VNNI add pairs of products in 16 bits, and
    eight bits would overflow there, differently from one processor to another.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model.eval()
    example = (torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8), torch.ones(2, 3, 8) / 8)
    axes = {
        "ids": {0: "B", 1: "T"},
        "mask": {0: "B", 1: "T"},
        "pool": {0: "B", 1: "S", 2: "T"},
        "logits": {0: "B", 1: "S"},
    }
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        torch.onnx.export(
            model, example, str(whole), input_names=list(INPUTS), output_names=["logits"], dynamic_axes=axes,
            opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(
            whole, path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"], extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
