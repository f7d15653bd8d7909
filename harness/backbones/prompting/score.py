"""The one scoring function for answer options, shared by every decoder method.

Each prompt is `prefix + item`; the options hang from its end as a tree (`OptionTree`). One pass
reads prompt and tree together under an attention mask in which a tree node sees the prompt and
its own ancestors, at the position it would have behind the prompt alone. That equals a pass for
each option, and fine-tuning uses the same pass with the true answer as the only option.
A sequence-to-sequence model reads options its own way (`seq2seq`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from harness.backbones.keys_and_values import given, kept_of
from harness.backbones.prompting.options import ROOT, OptionTree
from harness.backbones.prompting.seq2seq import read_options
from harness.backbones.prompting.tree_mask import attention_masks
from harness.backbones.traits import is_seq2seq, prompt_learner
from harness.common.errors import CannotRunError

PIECE = 16
Layers = tuple[tuple[torch.Tensor, torch.Tensor], ...]


@dataclass(frozen=True)
class Prefix:
    """Keys and values of what all prompts begin with: one (1, heads, length, width) pair a layer.

    `length` 0 means that prompts share nothing. `again` are tokens that every prompt reads anew,
    because what the model keeps of them is more than keys and values of every token.
    """

    layers: Layers = ()
    length: int = 0
    again: tuple[int, ...] = ()

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
    if is_seq2seq(model):  # its encoder reads a prompt as a whole, in both directions
        return Prefix(again=tuple(tokens))
    device = next(model.parameters()).device
    ids = torch.tensor([list(tokens)], dtype=torch.long, device=device)
    if prompt_learner(model):
        cache, virtual = _read_virtual(model, ids), model.active_peft_config.num_virtual_tokens
    elif tokens:
        cache = kept_of(model(input_ids=ids, use_cache=True, logits_to_keep=1))
        virtual = 0
    else:
        return Prefix()
    if _is_whole(cache, virtual + len(tokens)):
        return _kept(cache)
    if not virtual:
        return Prefix(again=tuple(tokens))
    alone = _read_virtual(model, ids[:, :0])
    if not _is_whole(alone, virtual):
        raise CannotRunError(f"the model does not keep {virtual} virtual tokens: try fewer")
    return dataclasses.replace(_kept(alone), again=tuple(tokens))


def apart(prefix: Prefix) -> tuple[Prefix, Callable[[], None]]:
    """The prefix cut off from what made it, for several passes with gradients of their own; and
    what hands the sum of their gradients on to where the prefix came from."""
    made = [t for layer in prefix.layers for t in layer if t.requires_grad]
    if not made:
        return prefix, lambda: None
    layers = tuple((keys.detach().requires_grad_(keys.requires_grad),
                    values.detach().requires_grad_(values.requires_grad))
                   for keys, values in prefix.layers)
    leaves = [t for layer in layers for t in layer if t.requires_grad]

    def give_back() -> None:
        reached = [(t, leaf.grad) for t, leaf in zip(made, leaves, strict=True)
                   if leaf.grad is not None]
        torch.autograd.backward([t for t, _ in reached], [grad for _, grad in reached])

    return dataclasses.replace(prefix, layers=layers), give_back


def _read_virtual(model: Any, ids: torch.Tensor) -> Any:
    """The cache after an adapter's virtual tokens and `ids` [1, length]."""
    task = torch.zeros(1, dtype=torch.long, device=ids.device)
    base, virtual = model.get_base_model(), model.get_prompt(batch_size=1, task_ids=task)
    if not isinstance(virtual, torch.Tensor):
        if not ids.shape[1]:
            return virtual
        return kept_of(base(input_ids=ids, use_cache=True, logits_to_keep=1, **given(virtual)))
    embedded = base.get_input_embeddings()(ids)
    joined = torch.cat([virtual.to(embedded.dtype), embedded], dim=1)
    return kept_of(base(inputs_embeds=joined, use_cache=True, logits_to_keep=1))


def score_options(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
                  trees: Sequence[OptionTree], padding: int) -> list[torch.Tensor]:
    """Log-likelihood in nats of every option of each item, given prefix and item.

    `items` holds each prompt's own tokens (at least one), `trees` each item's options. Returns
    one fp32 tensor [options] an item.
    """
    logits, steps = _read(model, prefix, items, trees, padding)
    taken = _edge_scores(logits, steps)
    return [_along(tree, taken[row]) for row, tree in enumerate(trees)]


def score_with_greedy(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
                      trees: Sequence[OptionTree], padding: int
                      ) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """As `score_options`, and for each option whether greedy decoding would give it (bool)."""
    logits, steps = _read(model, prefix, items, trees, padding)
    taken, greedy = _edge_scores_and_greedy(logits, steps)
    missed = (~greedy).float()
    return [(_along(tree, taken[row]), _along(tree, missed[row]) == 0)
            for row, tree in enumerate(trees)]


def _along(tree: OptionTree, steps: torch.Tensor) -> torch.Tensor:
    """The sum of what the steps [at least edges] have along each option's path, [options] fp32.

    Not a matrix product: autocast would round scores of 20 nats to eighths.
    """
    return (tree.incidence().to(steps.device) * steps[: len(tree.edges)]).sum(dim=1)


def _read(model: Any, prefix: Prefix, items: Sequence[Sequence[int]],
          trees: Sequence[OptionTree], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """One pass over prompts and trees, each row padded on the left.

    Returns logits [rows, 1 + most nodes, vocabulary] at the last positions, and the steps
    [rows, edges, 2] as (position of the parent among those, token). `read_options` returns the
    same with positions of its own.
    """
    items = [[*prefix.again, *item] for item in items]
    if is_seq2seq(model):
        return read_options(model, items, trees, padding)
    rows, nodes, edges = len(items), _most(trees, "tokens"), _most(trees, "edges")
    width = max(len(item) + len(tree.tokens) for item, tree in zip(items, trees, strict=True))
    ids = torch.full((rows, width), padding, dtype=torch.long)
    positions = torch.zeros((rows, width), dtype=torch.long)
    sees = torch.zeros((rows, width, width), dtype=torch.bool)
    steps = torch.zeros((rows, edges, 2), dtype=torch.long)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    for row, (item, tree) in enumerate(zip(items, trees, strict=True)):
        size = len(tree.tokens)
        branch = width - size
        start = branch - len(item)
        ids[row, start:branch] = torch.tensor(item)
        ids[row, branch:] = torch.tensor(tree.tokens, dtype=torch.long)
        positions[row, start:branch] = torch.arange(len(item))
        positions[row, branch:] = len(item) + torch.tensor(tree.depths, dtype=torch.long)
        sees[row, start:branch, start:branch] = causal[start:branch, start:branch]
        sees[row, branch:, start:branch] = True
        sees[row, branch:, branch:] = tree.visible()
        steps[row, : len(tree.edges)] = torch.tensor(tree.edges)
        # Of the last 1 + nodes positions, the end of this row's prompt (ROOT) is one.
        steps[row, : len(tree.edges), 0] += nodes - size - ROOT
    # A padded query looks at itself alone: a row of the mask with nothing to see gives NaN.
    sees |= torch.eye(width, dtype=torch.bool)
    logits = _run(model, prefix, ids, positions, sees, keep=nodes + 1)
    return logits, steps.to(logits.device)


def _run(model: Any, prefix: Prefix, ids: torch.Tensor, positions: torch.Tensor,
         sees: torch.Tensor, keep: int) -> torch.Tensor:
    """Logits [rows, keep, vocabulary] at the last `keep` positions."""
    parameter = next(model.parameters())
    device, dtype = parameter.device, parameter.dtype
    behind = (positions + prefix.length).to(device)
    before = torch.arange(prefix.length, device=device).expand(len(ids), -1)
    shared = torch.ones(*sees.shape[:2], prefix.length, dtype=torch.bool)
    masks = attention_masks(
        model.config.get_text_config(), torch.cat([shared, sees], dim=2).to(device), behind,
        torch.cat([before, behind], dim=1), dtype)
    base = model.get_base_model() if prompt_learner(model) else model
    return base(
        input_ids=ids.to(device), attention_mask=masks, position_ids=behind,
        use_cache=prefix.length > 0, logits_to_keep=keep,
        **given(prefix.for_batch(len(ids)) if prefix.length else None),
    ).logits


def _edge_scores(logits: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """log p(token | parent) for each step: logits [rows, positions, vocabulary] -> [rows, edges].
    """
    normaliser = torch.cat([piece.float().logsumexp(dim=-1) for piece in _pieces(logits)])
    return (_of_tokens(logits, steps)
            - normaliser.view(logits.shape[:2]).gather(1, steps[..., 0]))


def _edge_scores_and_greedy(logits: torch.Tensor, steps: torch.Tensor
                            ) -> tuple[torch.Tensor, torch.Tensor]:
    """As `_edge_scores`, without gradients, and whether each step takes the likeliest token.

    Of tokens that tie, the first is the likeliest, as argmax has it; that is asked only where
    the step's token is one of them.
    """
    tops, ties, normalisers = [], [], []
    for piece in _pieces(logits):
        values = piece.to(torch.float32, copy=True)
        top = values.amax(dim=-1, keepdim=True)
        tops.append(top[:, 0])
        normalisers.append(top[:, 0] + values.sub_(top).exp_().sum(dim=-1).log_())
        ties.append(values.eq_(1.0).sum(dim=-1) > 1)
    parents, tokens, taken = steps[..., 0], steps[..., 1], _of_tokens(logits, steps)
    highest, tied, normaliser = (torch.cat(part).view(logits.shape[:2]).gather(1, parents)
                                 for part in (tops, ties, normalisers))
    greedy = taken == highest
    unsure = greedy & tied
    rows = torch.arange(len(logits), device=logits.device)[:, None].expand_as(parents)
    greedy[unsure] = logits[rows[unsure], parents[unsure]].argmax(dim=-1) == tokens[unsure]
    return taken - normaliser, greedy


def _of_tokens(logits: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    rows = torch.arange(len(logits), device=logits.device)[:, None]
    return logits[rows, steps[..., 0], steps[..., 1]].float()


def _pieces(logits: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Positions in pieces that stay in a CPU's cache: the vocabulary takes a sixth of a pass."""
    return tuple(logits.flatten(0, 1).split(PIECE))


def _is_whole(cache: Any, length: int) -> bool:
    """Whether a cache holds the keys and values of all `length` tokens in each layer, and nothing
    else: a layer with a sliding window drops what is behind it."""
    return type(cache) is DynamicCache and all(
        type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) and layer.keys.shape[2] == length
        for layer in cache.layers)


def _kept(cache: Any) -> Prefix:
    layers = tuple((layer.keys, layer.values) for layer in cache.layers)
    return Prefix(layers, int(layers[0][0].shape[2]))


def _most(trees: Sequence[OptionTree], part: str) -> int:
    return max(len(getattr(tree, part)) for tree in trees)
