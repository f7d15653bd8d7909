"""DINOv2 out of an ONNX graph: its weights written once into an ordinary folder in the cache.

torch's exporter keeps the names of parameters that the graph reads as they are, and the module's
name in the node that multiplies by a matrix, which it transposes and calls a number.
"""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.graphs.session import onnx_library
from harness.backbones.quiet import quietly
from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import provenance
from harness.processes.bounded import bounded

MOST_BYTES = 2 << 30
"""Of a file: protobuf reads no more, and what is larger keeps its weights in other files."""
MOST_TENSORS = 10_000
INSIDE = "backbone."
"""What stands before the names of the encoder's own parameters."""
HEAD_SIZE = 64
"""Of attention, in all models of DINOv2 (Oquab et al. 2023, table 16): no weight tells it."""
PROCESSOR = {
    "image_processor_type": "BitImageProcessor", "do_convert_rgb": True,
    "do_resize": True, "size": {"shortest_edge": 256}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": 224, "width": 224},
    "do_rescale": True, "rescale_factor": 1 / 255,
    "do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}
"""As facebook/dinov2-small has it: `resample` 3 is bicubic, mean and deviation are ImageNet's."""
AGAIN = "Name a model that transformers can load."
Weights = dict[str, np.ndarray]


def converted(path: Path, sha256: str) -> tuple[Path, str]:
    """The folder of the fp32 safetensors model made from a graph that torch exported of a model
    with DINOv2 as its `backbone`, and a note on its origin.

    `AutoModel` and `AutoImageProcessor` load the folder. What the model had on top is left out.
    Raises HarnessError for a graph of another kind, one that is damaged, and weights in other
    files.
    """
    note = (f"its weights are those of {path.name}, a graph for another use, and may have been "
            "tuned for that")
    key = sha256_json([sha256, provenance(__name__).key])[:32]
    folder = cache_folder() / "converted" / f"{path.stem}-{key}"
    kept_folder(folder, partial(_convert, path))
    return folder, note


def _convert(path: Path, folder: Path) -> None:
    from safetensors.numpy import save_file
    from transformers import AutoModel

    onnx_library()  # said here, and not by the process that looks
    bounded(_weights, path, about=path.name)
    weights = _weights(path)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    for name, content in (("config", _config(path, weights)), ("preprocessor_config", PROCESSOR)):
        text = json.dumps(content, indent=2) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    try:
        with quietly():
            _, info = AutoModel.from_pretrained(folder, output_loading_info=True,
                                                trust_remote_code=False)
    except (ValueError, RuntimeError, KeyError) as error:
        raise _no_dinov2(path, " ".join(str(error).split())[:150]) from None
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[fault]:
            name = str(sorted(info[fault], key=str)[0])
            raise _no_dinov2(path, f"{fault.replace('_', ' ')}, the first of them {name}")


def _weights(path: Path) -> Weights:
    """Every parameter of the encoder by the name that it has on the hub."""
    graph = _graph(path)
    held = {one.name: one for one in graph.initializer}
    found = {name.removeprefix(INSIDE): _array(path, one) for name, one in held.items()
             if name.startswith(INSIDE)}
    positions = []
    for node in graph.node:
        place = node.name.strip("/").replace("/", ".")
        for name in node.input:
            if name not in held or name.startswith(INSIDE) or not place.startswith(INSIDE):
                continue
            axes = len(held[name].dims)
            if node.op_type == "MatMul" and axes == 2:
                module = place.removeprefix(INSIDE).removesuffix(".MatMul")
                found[f"{module}.weight"] = np.ascontiguousarray(_array(path, held[name]).T)
            elif place.startswith(f"{INSIDE}embeddings.") and axes == 3:
                positions.append(_array(path, held[name]))
    if len(positions) != 2 or len({one.shape[-1] for one in positions}) != 1:
        raise _no_dinov2(path, "the positions of the class and of the patches are not where they "
                               "should be")
    positions.sort(key=lambda one: one.shape[1])
    found["embeddings.position_embeddings"] = np.concatenate(positions, axis=1)
    return found


def _graph(path: Path) -> Any:
    onnx = onnx_library()
    if path.stat().st_size > MOST_BYTES:
        raise HarnessError(f"{path.name}: has more than {MOST_BYTES:,} bytes", AGAIN)
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except Exception as error:  # whatever a stranger's bytes make a parser raise
        raise HarnessError(f"{path.name}: is no ONNX model ({type(error).__name__})",
                           "Copy it again.") from None
    if len(graph.initializer) > MOST_TENSORS:
        raise HarnessError(f"{path.name}: has {len(graph.initializer):,} tensors", AGAIN)
    return graph


def _array(path: Path, one: Any) -> np.ndarray:
    """A tensor's values, fp32. Raises HarnessError where they lie elsewhere or are not so many."""
    from onnx import TensorProto, numpy_helper

    if one.data_location == TensorProto.EXTERNAL or len(one.external_data):
        raise HarnessError(f"{path.name}: {one.name} lies in another file",
                           "Save it with all its weights in one file.")
    if one.data_type != TensorProto.FLOAT or len(one.raw_data) != 4 * math.prod(one.dims):
        raise HarnessError(f"{path.name}: {one.name} is not fp32 of the size that it says",
                           "Copy it again, or export it in fp32.")
    return np.array(numpy_helper.to_array(one))


def _config(path: Path, weights: Weights) -> dict[str, Any]:
    """What the weights' shapes say; DINOv2 has the rest in common."""
    try:
        hidden, channels, patch, _ = weights["embeddings.patch_embeddings.projection.weight"].shape
        inner, _ = weights["encoder.layer.0.mlp.fc1.weight"].shape
    except (KeyError, ValueError) as error:
        raise _no_dinov2(path, f"{error} is missing or of another form") from None
    patches = weights["embeddings.position_embeddings"].shape[1] - 1
    layers = {name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}
    return {
        "architectures": ["Dinov2Model"], "model_type": "dinov2", "dtype": "float32",
        "hidden_size": hidden, "num_channels": channels, "patch_size": patch,
        "image_size": math.isqrt(patches) * patch, "mlp_ratio": inner // hidden,
        "num_hidden_layers": len(layers), "num_attention_heads": max(1, hidden // HEAD_SIZE),
        "hidden_act": "gelu", "layer_norm_eps": 1e-6, "qkv_bias": True, "use_mask_token": False,
        "use_swiglu_ffn": False,
    }


def _no_dinov2(path: Path, found: str) -> HarnessError:
    return HarnessError(f"{path.name}: is no DINOv2 as torch exports it: {found}", AGAIN)
