"""A language model for lm-eval: a context read once for all its choices, answers in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from harness.backbones.batches import PASS_TOKENS, Cut, passes
from harness.backbones.kernels.casts import cast_once
from harness.backbones.load import Loaded
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.options import OptionTree, option_tree
from harness.backbones.prompting.score import read_prefix, score_with_greedy
from harness.backbones.prompting.stops import Stops
from harness.backbones.traits import is_seq2seq, virtual_tokens
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.writing import Wanted, alike, end_tokens, greedily

ROWS = 16
WRITTEN_ROWS, WRITTEN_POSITIONS = 32, 16_384
"""Most answers that are written at once, and most tokens of them and their contexts: each token's
keys and values are held."""
POSITIONS = 3072
"""Most positions of a batch whose logits are held at once."""

Request = tuple[tuple[str, str] | None, list[int], list[int]]
"""Texts of context and continuation (None for rolling likelihoods), and the tokens of both."""


@dataclass(frozen=True)
class Group:
    """A context with its continuations, and the requests that each continuation answers."""

    context: list[int]
    tree: OptionTree
    places: list[list[int]]


class SharedContextLM(HFLM):
    """lm-eval's HFLM on a model in memory: scoring of continuations and greedy writing are ours.

    Tokenization, empty contexts and sampling are HFLM's. All continuations of one context are
    scored in one pass, contexts of like length together, and answers to contexts of like length are
    written together, under autocast where the hardware has bf16. The model is taken as it is: an
    adapter that is on counts, one that is off does not.
    A context that does not fit the window with its longest continuation is cut on the left and
    counted in `truncated`; HFLM cuts for each continuation apart. The window is the backbone's own,
    so that a model with virtual tokens is asked the same as without. `conversation` is what chats
    are written by (`prompting.templates.conversation`).
    """

    def __init__(self, loaded: Loaded, hardware: Device,
                 conversation: dict[str, Any] | None = None) -> None:
        super().__init__(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=ROWS,
                         max_length=loaded.window + virtual_tokens(loaded.model),
                         chat_template_args=conversation)
        cast_once(loaded.model)
        self.hardware = hardware
        self.truncated = 0

    def _loglikelihood_tokens(self, requests: list[Request], **_: Any
                              ) -> list[tuple[float, bool]]:
        """(log-likelihood in nats, whether greedy decoding gives it) of each request.

        Raises HarnessError for a continuation without tokens.
        """
        contexts: dict[tuple[int, ...], dict[tuple[int, ...], list[int]]] = {}
        for i, (texts, context_ids, ids) in enumerate(requests):
            if not ids:
                context, continuation = texts or ("", "")
                raise HarnessError(f"an empty choice '{continuation}' after '{context[-80:]}'",
                                   "Mend the benchmark's item or leave the benchmark out.")
            contexts.setdefault(tuple(context_ids), {}).setdefault(tuple(ids), []).append(i)
        answers: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        groups = [Group(self._fitting(list(context), options), option_tree(list(options)),
                        list(options.values())) for context, options in contexts.items()]
        self.model.eval()
        with torch.no_grad(), self.hardware.autocast_context():
            prefix = read_prefix(self.model, [])
            for batch in _batches(groups, PASS_TOKENS[self.hardware.type]):
                scored = score_with_greedy(self.model, prefix, [g.context for g in batch],
                                           [g.tree for g in batch], self.tokenizer.pad_token_id)
                for group, (scores, greedy) in zip(batch, scored, strict=True):
                    for option, places in enumerate(group.places):
                        for place in places:
                            answers[place] = float(scores[option]), bool(greedy[option])
        return answers

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """The text that answers each request, without what ends it.

        The likeliest token each time, whatever habits of generation a checkpoint comes with, so
        that it and what was tuned from it are asked alike. An encoder-decoder writes the tokens
        that are asked for, where HFLM gives it as many more as its padded context has. Raises
        HarnessError where an answer leaves a context no room in the window.
        """
        end = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        wanted = [greedily(request.args[1], end, self.max_gen_toks) for request in requests]
        others = [place for place, one in enumerate(wanted) if one is None]
        texts = dict(zip(others, super().generate_until([requests[i] for i in others], True),
                         strict=True) if others else ())
        for one, places in alike(wanted):
            contexts = [requests[place].args[0] for place in places]
            texts.update(zip(places, self._write(contexts, one), strict=True))
        return [texts[place] for place in range(len(requests))]

    def _write(self, contexts: Sequence[str], wanted: Wanted) -> list[str]:
        seq2seq = is_seq2seq(self.model)
        room = self.max_length if seq2seq else self.max_length - wanted.tokens
        if room < 1:
            raise HarnessError(f"answers of {wanted.tokens} tokens leave a context no room in the "
                               f"model's window of {self.max_length}",
                               "Leave the benchmark out for this model.")
        encoded = [self.tok_batch_encode([context])[0][0].tolist() for context in contexts]
        self.truncated += sum(len(ids) > room for ids in encoded)
        encoded = [ids[-room:] for ids in encoded]
        lengths = [len(ids) + wanted.tokens for ids in encoded]
        # A pass takes as many steps for few answers as for many: as few passes as hold them.
        cut = Cut(WRITTEN_ROWS, WRITTEN_POSITIONS, WRITTEN_POSITIONS)
        stops, ends = Stops(self.tokenizer, wanted.until), end_tokens(self.model, self.tokenizer)
        texts: dict[int, str] = {}
        self.model.eval()
        with torch.inference_mode(), self.hardware.autocast_context():
            prefix = read_prefix(self.model, [])
            for places in passes(range(len(encoded)), lengths, cut):
                written = greedy(self.model, prefix, [encoded[i] for i in places], wanted.tokens,
                                 self.tokenizer.pad_token_id, ends, stops)
                texts.update((place, wanted.kept(self.tok_decode(ids)))
                             for place, ids in zip(places, written, strict=True))
        return [texts[place] for place in range(len(contexts))]

    def _fitting(self, context: list[int], options: Iterable[tuple[int, ...]]) -> list[int]:
        room = self.max_length - max(map(len, options)) + 1
        if room < 1:
            raise HarnessError(f"a choice of {max(map(len, options))} tokens does not fit the "
                               f"model's window of {self.max_length}",
                               "Leave the benchmark out for this model.")
        self.truncated += len(context) > room
        return context[-room:]


def _batches(groups: Sequence[Group], overhead: int) -> Iterator[list[Group]]:
    """Contexts of like length together, longest first, within the limits of a batch."""
    lengths = [len(group.context) + len(group.tree.tokens) for group in groups]
    most = POSITIONS // max((len(group.tree.tokens) + 1 for group in groups), default=1)
    for batch in passes(range(len(groups)), lengths, Cut(min(ROWS, max(1, most)), overhead)):
        yield [groups[i] for i in batch]
