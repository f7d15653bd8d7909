"""Answer options scored the plain way, for comparison with the one pass that the harness makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.score import Prefix, read_prefix, score_options


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


def questions_one_by_one(forward: Callable[[torch.Tensor], torch.Tensor],
                         questions: Sequence[Question]) -> torch.Tensor:
    """The same for prompts with answers of their own, [items, answers]."""
    return torch.cat([option_by_option(forward, [], [one.prompt], one.answers.paths)
                      for one in questions])


def scored(model: Any, head: Sequence[int], questions: Sequence[Question], padding: int
           ) -> tuple[Prefix, torch.Tensor]:
    """The keys and values of `head`, and the scores [items, answers] behind them in one pass."""
    prefix, items = read_prefix(model, head), [one.behind(head) for one in questions]
    return prefix, torch.stack(score_options(
        model, prefix, [item.prompt for item in items], [item.answers for item in items], padding))
