"""Answer options scored the plain way, for comparison with the one pass that the harness makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch


def option_by_option(forward: Callable[[torch.Tensor], torch.Tensor], head: Sequence[int],
                     items: Sequence[Sequence[int]], options: Sequence[Sequence[int]]
                     ) -> torch.Tensor:
    """Log-likelihoods [items, options]: a whole pass an option, its tokens' log-probabilities
    summed. `forward` gives logits for ids [1, length]; virtual tokens in front are left out."""
    rows = []
    for item in items:
        row = []
        for option in options:
            ids = torch.tensor([[*head, *item, *option]])
            logits = forward(ids)[:, -ids.shape[1]:].float().log_softmax(-1)
            start = len(head) + len(item)
            row.append(sum(logits[0, start + i - 1, token] for i, token in enumerate(option)))
        rows.append(torch.stack(row))
    return torch.stack(rows)
