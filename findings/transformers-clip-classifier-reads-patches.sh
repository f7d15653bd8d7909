#!/usr/bin/env bash
# CLIP as an image classifier reads the mean of its patches' raw states, not its image embedding.
#
# Guess:   the head of `CLIPForImageClassification` stands on the vector that CLIP was trained to
#          compare with texts: the first token behind its last normalisation, as in `CLIPModel`.
# Happens: it stands on the mean over all tokens but the first one, before that normalisation. The
#          first token's state and `post_layernorm` have no part in the logits: the normalisation is
#          loaded, learns nothing, and is saved again. The two vectors are hardly alike.
# Matters: "full fine-tuning" of CLIP by its classifier class and a linear probe on CLIP's embedding
#          do not start from the same features, so that a table of both compares two things at once;
#          published probes are of the embedding.
# Versions: transformers 5.23.0, torch 2.13.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 numpy
cat > "$work/clip.py" <<'PY'
import sys

import torch
from transformers import CLIPConfig, CLIPForImageClassification

torch.manual_seed(0)
wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
model = CLIPForImageClassification(CLIPConfig(
    text_config={**wide, "vocab_size": 20, "max_position_embeddings": 8},
    vision_config={**wide, "image_size": 32, "patch_size": 8}, projection_dim=16, num_labels=3)).eval()
with torch.no_grad():  # as trained weights are: no normalisation is an identity
    for parameter in model.parameters():
        parameter += 0.1 * torch.randn_like(parameter)
x = torch.randn(4, 3, 32, 32)
read = []
model.classifier.register_forward_pre_hook(lambda layer, given: read.append(given[0]))
model(pixel_values=x).logits.sum().backward()
seen = model.vision_model(pixel_values=x)
patches = float((read[0] - seen.last_hidden_state[:, 1:].mean(dim=1)).detach().abs().max())
alike = float(torch.cosine_similarity(read[0], seen.pooler_output).detach().mean())
left = [name for name, p in model.named_parameters() if p.grad is None and "vision" in name]
print(f"the head reads the patches' mean (apart by {patches:.0e}), of cosine {alike:.2f} with the "
      f"image's embedding; without a gradient: {', '.join(left)}")
sys.exit(patches > 1e-5 or alike > 0.9 or not any("post_layernorm" in name for name in left))
PY
"$work/venv/bin/python" "$work/clip.py" 2>/dev/null || {
  echo "changed: CLIP's classifier reads another vector"
  exit 1
}
