"""The one scoring function for answer options, shared by every decoder method.

Each prompt is `prefix + item`; the options hang from its end as a tree (`OptionTree`). One pass
reads prompt and tree together under an attention mask in which a tree node sees the prompt and
its own ancestors, at the position it would have behind the prompt alone. That equals a pass for
each option, and fine-tuning uses the same pass with the true answer as the only option.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from harness.backbones.options import ROOT, OptionTree

Layers = tuple[tuple[torch.Tensor, torch.Tensor], ...]


@dataclass(frozen=True)
class Prefix:
    """Keys and values of what all prompts begin with: one (1, heads, length, width) pair a layer.

    `length` 0 means that prompts share nothing.
    """

    layers: Layers = ()
    length: int = 0

    def for_batch(self, size: int) -> DynamicCache:
        """A cache that every row of a batch continues; the layers are shared, not copied."""
        return DynamicCache([
            (keys.expand(size, -1, -1, -1), values.expand(size, -1, -1, -1))
            for keys, values in self.layers
        ])


def read_prefix(model: Any, tokens: Sequence[int]) -> Prefix:
    """Run the shared head once, behind the virtual tokens of a prompt-learning adapter.

    Gradients flow into the prefix where they are enabled.
    """
    device = next(model.parameters()).device
    ids = torch.tensor([list(tokens)], dtype=torch.long, device=device)
    learner = _prompt_learner(model)
    if learner is None:
        if not tokens:
            return Prefix()
        return _kept(model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values)
    base, virtual = model.get_base_model(), model.get_prompt(batch_size=1)
    if not isinstance(virtual, torch.Tensor):
        if not tokens:
            return _kept(virtual)
        return _kept(base(input_ids=ids, past_key_values=virtual, use_cache=True,
                          logits_to_keep=1).past_key_values)
    embedded = base.get_input_embeddings()(ids)
    joined = torch.cat([virtual.to(embedded.dtype), embedded], dim=1)
    return _kept(base(inputs_embeds=joined, use_cache=True, logits_to_keep=1).past_key_values)


def score_options(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
                  trees: Sequence[OptionTree], padding: int) -> list[torch.Tensor]:
    """Log-likelihood in nats of every option of each item, given prefix and item.

    `items` holds each prompt's own tokens (at least one), `trees` each item's options. Returns
    one fp32 tensor [options] an item.
    """
    logits, steps = _read(model, prefix, items, trees, padding)
    taken = _edge_scores(logits, steps)
    return [tree.incidence().to(taken.device) @ taken[row, : len(tree.edges)]
            for row, tree in enumerate(trees)]


def score_with_greedy(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
                      trees: Sequence[OptionTree], padding: int
                      ) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """As `score_options`, and for each option whether greedy decoding would give it (bool)."""
    logits, steps = _read(model, prefix, items, trees, padding)
    taken = _edge_scores(logits, steps)
    rows = torch.arange(len(items), device=logits.device)[:, None]
    best = logits.argmax(dim=-1)[rows, steps[..., 0] - ROOT] == steps[..., 1]
    scores = []
    for row, tree in enumerate(trees):
        paths = tree.incidence().to(taken.device)
        edges = len(tree.edges)
        missed = paths @ (~best[row, :edges]).to(paths.dtype)
        scores.append((paths @ taken[row, :edges], missed == 0))
    return scores


def _read(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
          trees: Sequence[OptionTree], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [rows, 1 + nodes, vocabulary] of one pass, and the steps [rows, edges, 2] in them."""
    rows, nodes, edges = len(items), _most(trees, "tokens"), _most(trees, "edges")
    width = max(len(item) for item in items)
    ids = torch.full((rows, width + nodes), padding, dtype=torch.long)
    positions = torch.zeros((rows, width + nodes), dtype=torch.long)
    sees = torch.zeros((rows, width + nodes, width + nodes), dtype=torch.bool)
    steps = torch.zeros((rows, edges, 2), dtype=torch.long)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    for row, (item, tree) in enumerate(zip(items, trees, strict=True)):
        start, size = width - len(item), len(tree.tokens)
        end = width + size
        ids[row, start:width] = torch.tensor(item)
        ids[row, width:end] = torch.tensor(tree.tokens, dtype=torch.long)
        positions[row, start:width] = torch.arange(len(item))
        positions[row, width:end] = len(item) + torch.tensor(tree.depths, dtype=torch.long)
        sees[row, start:width, start:width] = causal[start:, start:]
        sees[row, width:end, start:width] = True
        sees[row, width:end, width:end] = tree.visible()
        steps[row, : len(tree.edges)] = torch.tensor(tree.edges)
    # A padded query looks at itself alone: a row of the mask with nothing to see gives NaN.
    sees |= torch.eye(width + nodes, dtype=torch.bool)
    logits = _run(model, prefix, ids, positions, sees, keep=nodes + 1)
    return logits, steps.to(logits.device)


def _run(model: Any, prefix: Prefix, ids: torch.Tensor, positions: torch.Tensor,
         sees: torch.Tensor, keep: int) -> torch.Tensor:
    """Logits [rows, keep, vocabulary] at the end of the prompt and at the tree's nodes."""
    parameter = next(model.parameters())
    shared = torch.ones(*sees.shape[:2], prefix.length, dtype=torch.bool)
    visible = torch.cat([shared, sees], dim=2)[:, None].to(parameter.device)
    mask = torch.zeros(visible.shape, dtype=parameter.dtype, device=parameter.device)
    mask.masked_fill_(~visible, torch.finfo(parameter.dtype).min)
    base = model.get_base_model() if _prompt_learner(model) else model
    return base(
        input_ids=ids.to(parameter.device), attention_mask=mask,
        position_ids=(positions + prefix.length).to(parameter.device),
        past_key_values=prefix.for_batch(len(ids)) if prefix.length else None,
        use_cache=prefix.length > 0, logits_to_keep=keep,
    ).logits


def _edge_scores(logits: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """log p(token | parent) for each edge: logits [rows, 1 + nodes, vocabulary] -> [rows, edges].

    Index 0 of the logits is the end of the prompt (ROOT), index 1 + n is node n.
    """
    logits = logits.float()
    parents, tokens = steps[..., 0] - ROOT, steps[..., 1]
    normaliser = logits.logsumexp(dim=-1)
    rows = torch.arange(len(logits), device=logits.device)[:, None]
    return logits[rows, parents, tokens] - normaliser.gather(1, parents)


def _prompt_learner(model: Any) -> Any:
    config = getattr(model, "active_peft_config", None)
    return config if getattr(config, "is_prompt_learning", False) else None


def _kept(cache: Any) -> Prefix:
    layers = tuple((layer.keys, layer.values) for layer in cache.layers)
    return Prefix(layers, int(layers[0][0].shape[2]))


def _most(trees: Sequence[OptionTree], part: str) -> int:
    return max(len(getattr(tree, part)) for tree in trees)
