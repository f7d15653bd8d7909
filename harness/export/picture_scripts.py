"""`predict.py` of a model of pictures: paths come in, read as the run read its pictures."""

from __future__ import annotations

import inspect

from harness.backbones.graphs.session import MODEL, PIXELS
from harness.backbones.vision.seen import seen
from harness.backbones.vision.stated import STATED

PROGRAM = '''"""{says}
Paths of pictures in, a line each; label and probability out. Needs {needs}."""
import json, sys
from pathlib import Path
{imports}
here = Path(__file__).resolve().parent
def read(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode[0] in "IF": sys.exit(f"{{path}}: save it with 8 bits a channel")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA")); image = white
    return image.convert("RGB")
{model}
{config}
for line in sys.stdin:
    image = read(line.rstrip("\\n"))
    {run}
    {answer}
'''
WEIGHTS = {
    "needs": "torch, transformers and pillow",
    "imports": "import torch\nfrom PIL import Image, ImageOps\n"
               "from transformers import AutoImageProcessor, AutoModelForImageClassification",
    "model": 'processor = AutoImageProcessor.from_pretrained(here, backend="pil")\n'
             'model = AutoModelForImageClassification.from_pretrained(here, dtype="auto").eval()',
    "run": f'inputs = processor(image, return_tensors="pt")["{PIXELS}"].to(model.dtype)\n'
           "    with torch.inference_mode(): logits = model(inputs).logits[0].float()"}
GRAPH = {
    "needs": "onnxruntime, numpy and pillow",
    "imports": "import numpy as np\nimport onnxruntime\nfrom PIL import Image, ImageOps",
    "model": inspect.getsource(seen).replace("dict[str, Any]", "dict")
             + f'how = json.loads((here / "{STATED}").read_text(encoding="utf-8"))\n'
             f'model = onnxruntime.InferenceSession(here / "{MODEL}")',
    "run": f'logits = model.run(None, {{"{PIXELS}": seen(image, how)[None]}})[0][0]'}


def of_weights(says: str, config: str, answer: str) -> str:
    """By torch and transformers. `config` reads the classes' names, `answer` prints what is made of
    logits."""
    return PROGRAM.format(says=says, config=config, answer=answer, **WEIGHTS)


def of_graph(says: str, config: str, answer: str) -> str:
    """By onnxruntime, on pixels that the function which is tested makes."""
    return PROGRAM.format(says=says, config=config, answer=answer, **GRAPH)
