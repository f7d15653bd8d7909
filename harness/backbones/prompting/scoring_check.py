"""Whether a model's one pass over a tree of options gives what a pass an option gives."""

from __future__ import annotations

from typing import Any

import torch

from harness.backbones.prompting.options import option_tree
from harness.backbones.prompting.score import read_prefix, score_options
from harness.backbones.traits import is_seq2seq
from harness.common.errors import CannotRunError

HEAD, ITEMS = (11, 12, 13), ((21, 22, 23, 24), (31,))
OPTIONS = ((41, 42, 43), (41, 44))
LARGEST_DIFFERENCE = 1e-3
"""As a share of the score, or in nats of one that is nearer to 0 than 1."""
FAULTS = (AttributeError, TypeError, ValueError, KeyError, IndexError, RuntimeError)


def check_scoring(model: Any) -> None:
    """Score two options of two prompts both ways.

    Raises CannotRunError for a model whose attention takes no mask of ours (one without attention,
    or with positions that it works out from the mask), and for an adapter that mixes tokens.
    """
    try:
        with torch.no_grad():
            apart = _difference(model)
    except FAULTS as error:
        raise CannotRunError("answers cannot be scored in one pass through a "
                             f"{type(model).__name__}: {str(error)[:200]}") from error
    if not apart < LARGEST_DIFFERENCE:
        raise CannotRunError(f"answers scored in one pass through a {type(model).__name__} are "
                             f"not those scored one by one (apart by {apart:.2g})")


def _difference(model: Any) -> float:
    """The largest difference between an option's two scores."""
    scored = score_options(model, read_prefix(model, HEAD), ITEMS,
                           [option_tree(OPTIONS)] * len(ITEMS), 0)
    plain = {(i, o): _plainly(model, (*HEAD, *ITEMS[i]), OPTIONS[o]) for i, o in ((0, 1), (1, 0))}
    return max(abs(float(scored[i][o]) - score) / max(1.0, abs(score))
               for (i, o), score in plain.items())


def _plainly(model: Any, prompt: tuple[int, ...], option: tuple[int, ...]) -> float:
    device = next(model.parameters()).device
    if is_seq2seq(model):
        read, answer = (torch.tensor([tokens], device=device) for tokens in (prompt, option))
        steps = model(input_ids=read, attention_mask=torch.ones_like(read), decoder_input_ids=(
            model.prepare_decoder_input_ids_from_labels(labels=answer))).logits
        log_p = steps[0, -len(option):].float().log_softmax(dim=-1)
        return float(log_p.gather(1, answer.T).sum())
    ids = torch.tensor([[*prompt, *option]], device=device)
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -ids.shape[1]:]
    log_p = logits[len(prompt) - 1:-1].float().log_softmax(dim=-1)
    return float(log_p.gather(1, ids[0, len(prompt):, None]).sum())
