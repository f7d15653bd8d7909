"""Whether a learner's later epochs may begin with the states that its first one computed."""

from __future__ import annotations

import math
from typing import Any

import torch

from harness.backbones.blocks import first_learning, transformer_blocks
from harness.backbones.kept_states import KeptStates
from harness.backbones.scoring_check import FAULTS
from harness.backbones.traits import is_seq2seq
from harness.common.memory import available
from harness.methods.decoder import DecoderLearner
from harness.methods.encoder import EncoderLearner
from harness.methods.method import Job

ROOM = 0.25
"""Share of the memory there is that states may take."""
CLOSE = 1e-6
"""The largest difference between two losses of the same items in the same batch, as a share: a
classifier that knows nothing yet hardly tells one state from another."""


def keeping(learner: EncoderLearner | DecoderLearner, job: Job
            ) -> EncoderLearner | DecoderLearner:
    """The learner with kept states; itself where they save nothing, find no room, or its model is
    not one that can be entered in the middle with the same result.

    Ranks that learn together keep none: each epoch deals an item to another, and all must enter a
    sharded block at once.
    """
    model: Any = learner.model
    if job.budget.epochs < 2 or job.ranks.size > 1 or is_seq2seq(model):
        return learner
    blocks, embedding = transformer_blocks(model), model.get_input_embeddings()
    if not 0 < first_learning(blocks) < len(blocks) or embedding.weight.requires_grad:
        return learner
    states = KeptStates(model, learner.padding)
    kept = learner.through(states)
    if states.bytes > ROOM * available(job.device) or not _same(learner, kept, states, job):
        return learner
    states.forget()
    return kept


def _same(learner: EncoderLearner | DecoderLearner, kept: EncoderLearner | DecoderLearner,
          states: KeptStates, job: Job) -> bool:
    """Try both on the two shortest items: nothing but an item's own tokens is read with it, states
    are the same each time they are computed, while the model is trained, and the loss is the same
    with and without them."""
    two = sorted(range(len(job.train)), key=learner.lengths().__getitem__)[:2]
    try:
        with torch.random.fork_rng(), torch.no_grad(), job.device.autocast_context():
            computed: list[Any] = []
            learner.model.train()
            for _ in range(2):
                states.forget()
                kept.loss(two)
                computed.append(states.states)
            learner.model.eval()
            if learner.reads_more():
                return False
            whole, begun = float(learner.loss(two)), float(kept.loss(two))
            return (torch.equal(*computed) and bool(torch.isfinite(computed[0]).all())
                    and math.isclose(whole, begun, rel_tol=CLOSE))
    except FAULTS:
        return False
