#!/usr/bin/env bash
# Where a loaded weight lies in memory, and with it the last bits of a score, depends on the length of
# the file's header.
#
# Guess:   equal weights give equal scores on one machine, whether they were loaded, copied or trained
#          in place, and a note in the file's metadata changes nothing.
# Happens: loaded weights are views into the mapped file. The format pads its header to 8 bytes, so
#          they lie at any multiple of 8 that the header's length leads to, while torch puts its own
#          tensors at multiples of 64. On some processors the product with a single row then takes
#          another path, and differs in the last bits from the same weights copied; a batch does not.
# Matters: scores of a model in memory and of the same model saved and loaded are not bit-equal, nor
#          are those of two files that differ in a note: a cache or a matched pair that is checked for
#          equal bits fails now and then, by the length of names. Copy the weights after loading.
# Versions: transformers 5.23.0, safetensors 0.8.0, torch 2.13.0. Seen on 2026-11-27. The script holds
#          only the addresses to what was seen: the bits depend on the processor, and are printed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 safetensors==0.8.0 torch==2.13.0
cd "$work"
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$work/venv/bin/python" - <<'PY'
import copy
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
torch.manual_seed(0)
torch.set_num_threads(1)
trained = BertForSequenceClassification(
    BertConfig(
        vocab_size=64, hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=128, num_labels=16
    )
).eval()
trained.save_pretrained("model")
file = Path("model/model.safetensors")
weights = {name: weight.clone() for name, weight in load_file(file).items()}
texts = torch.randint(5, 64, (32, 12))


def header():
    return 8 + int.from_bytes(file.read_bytes()[:8], "little")


def scored(model, batch):
    with torch.no_grad():
        return torch.cat([model(rows).logits for rows in texts.split(batch)])


print(f"transformers {transformers.__version__}, safetensors {safetensors.__version__}, torch {torch.__version__}")
places = {}
for note in ("", "x" * 8, "x" * 16, "x" * 24):
    save_file(weights, file, metadata={"format": "pt", "note": note})
    loaded = BertForSequenceClassification.from_pretrained("model").eval()
    copied = copy.deepcopy(loaded)
    same = all(torch.equal(loaded.state_dict()[name], weight) for name, weight in weights.items())
    at, copies = ({weight.data_ptr() % 64 for weight in model.parameters()} for model in (loaded, copied))
    places[header() % 64] = (at, copies)
    alone, batch = ((scored(loaded, size) - scored(copied, size)).abs().max().item() for size in (1, 32))
    print(
        f"note of {len(note)}: weights equal {same}, addresses mod 64 loaded {sorted(at)}, copied {sorted(copies)};"
        f" scores differ by {alone:.1e} one text at a time, {batch:.1e} all at once"
    )
if len(places) != 4 or any(place != ({start}, {0}) for start, place in places.items()):
    raise SystemExit("changed: loaded weights no longer lie where the file's header puts them")
PY
