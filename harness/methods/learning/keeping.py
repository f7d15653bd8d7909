"""Whether a learner's later epochs may begin with the states that its first one computed."""

from __future__ import annotations

import math
from typing import Any

import torch

from harness.backbones.blocks import first_learning, transformer_blocks
from harness.backbones.kernels.kept_states import KeptStates
from harness.backbones.prompting.scoring_check import FAULTS
from harness.backbones.traits import is_seq2seq
from harness.common.capabilities import reads_words
from harness.common.kernels import kernels_on
from harness.common.memory import total
from harness.methods.job import Job
from harness.methods.learning.decoder import DecoderLearner
from harness.methods.learning.encoder import EncoderLearner
from harness.methods.learning.schedule import schedule_of

ROOM = 0.125
"""Share of a device's memory that states may take: of all of it, since what is left changes, and
the same run would keep them one time and not another."""
CLOSE = 1e-6
"""The largest difference between two losses of the same items in the same batch, as a share: a
classifier that knows nothing yet hardly tells one state from another."""
APART = 1e-4
"""The largest distance between a token's states in fp32, alone and beside a longer item, as a
share."""


def keeping(learner: EncoderLearner | DecoderLearner, job: Job
            ) -> EncoderLearner | DecoderLearner:
    """The learner with kept states; itself where they save nothing, find no room, kernels are
    switched off, it reads no words, or its model is not one that can be entered in the middle with
    the same result.

    Ranks that learn together keep none: each epoch deals an item to another, and all must enter a
    sharded block at once.
    """
    model: Any = learner.model
    if not reads_words(job.kind):
        return learner
    once = schedule_of(len(job.train), job.budget).passes <= 1
    if once or job.ranks.size > 1 or is_seq2seq(model) or not kernels_on():
        return learner
    blocks, embedding = transformer_blocks(model), model.get_input_embeddings()
    if not 0 < first_learning(blocks) < len(blocks) or embedding.weight.requires_grad:
        return learner
    states = KeptStates(model, learner.padding)
    kept = learner.through(states)
    if states.bytes > ROOM * total(job.device) or not _same(learner, kept, states, job):
        return learner
    states.forget()
    return kept


def _same(learner: EncoderLearner | DecoderLearner, kept: EncoderLearner | DecoderLearner,
          states: KeptStates, job: Job) -> bool:
    """Try both on the two shortest items and the next longer one: nothing but an item's own tokens
    is read with it, states are the same each time they are computed, while the model is trained,
    and the loss is the same with and without them."""
    lengths = learner.lengths()
    order = sorted(range(len(job.train)), key=lengths.__getitem__)
    longer = [i for i in order[2:] if lengths[i] > lengths[order[0]]]
    few = [*order[:2], *longer[:1]]
    try:
        with torch.random.fork_rng(), torch.no_grad():
            with job.device.autocast_context():
                learner.model.train()
                one, other = (_computed(kept, states, few) for _ in range(2))
                learner.model.eval()
                if learner.reads_more():
                    return False
                whole, begun = float(learner.loss(few)), float(kept.loss(few))
            return (torch.equal(one, other) and bool(torch.isfinite(one).all())
                    and math.isclose(whole, begun, rel_tol=CLOSE)
                    and _by_itself(kept, states, few))
    except FAULTS:
        return False


def _computed(kept: EncoderLearner | DecoderLearner, states: KeptStates, items: list[int]
              ) -> torch.Tensor:
    """The states of these items, and of what is read with them; nothing else is there then."""
    states.forget()
    kept.loss(items)
    return states.at(states.known)


def _by_itself(kept: EncoderLearner | DecoderLearner, states: KeptStates, items: list[int]) -> bool:
    """Whether an item's states are its own: the first one's, alone and padded to the length of
    the longest. Some models convolve over padding."""
    alone, rows = _computed(kept, states, items[:1]), states.known
    _computed(kept, states, items)
    apart = (states.at(rows) - alone).norm(dim=-1)
    return bool((apart <= APART * alone.norm(dim=-1)).all())
