"""Answer options as a tree of tokens, so that one pass scores them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

ROOT = -1


@dataclass(frozen=True)
class OptionTree:
    """The prefix tree of several token sequences.

    `tokens` and `parents` (both [nodes]) are the inner nodes, which the model must read; a
    parent is the index of an inner node, or ROOT for the end of the prompt. `edges` ([edges, 2])
    are the (parent, token) steps to score; `steps[o]` lists the edges that make up option o, of
    which the first `given[o]` are not the model's to say and count nothing. The last token of an
    option is scored but never read, unless another option goes on from it.
    """

    tokens: list[int]
    parents: list[int]
    edges: list[tuple[int, int]]
    steps: list[list[int]]
    given: tuple[int, ...]

    @property
    def paths(self) -> list[list[int]]:
        """The tokens of each option."""
        return [[self.edges[step][1] for step in taken] for taken in self.steps]

    @property
    def longest(self) -> int:
        """Tokens of the longest option, without its last one, which is never read."""
        return max(map(len, self.steps), default=1) - 1

    @property
    def depths(self) -> list[int]:
        """Distance of each inner node from the end of the prompt, starting at 0."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(0 if parent == ROOT else depths[parent] + 1)
        return depths

    def visible(self) -> torch.Tensor:
        """[nodes, nodes] bool: node i may look at node j when j is i or above it."""
        size = len(self.tokens)
        sees = torch.eye(size, dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent != ROOT:
                sees[node] |= sees[parent]
        return sees

    def incidence(self) -> torch.Tensor:
        """[options, edges] float: 1 where an option takes an edge that counts."""
        matrix = torch.zeros(len(self.steps), len(self.edges))
        for option, (steps, given) in enumerate(zip(self.steps, self.given, strict=True)):
            matrix[option, steps[given:]] = 1.0
        return matrix


NONE = OptionTree([], [], [], [], ())
"""The tree of a prompt whose answer is not known."""


def option_tree(options: Sequence[Sequence[int]], given: Sequence[int] = ()) -> OptionTree:
    """The tree of token sequences, of which the first `given` tokens count nothing (none where
    there is no such list). Raises ValueError for an empty one or two equal ones."""
    sequences = [tuple(option) for option in options]
    if not sequences or not all(sequences):
        raise ValueError("an answer option has no tokens")
    if len(set(sequences)) < len(sequences):
        raise ValueError("two answer options have the same tokens")
    inner: dict[tuple[int, ...], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    edges: dict[tuple[int, int], int] = {}
    steps: list[list[int]] = []
    for sequence in sequences:
        node, taken = ROOT, []
        for length, token in enumerate(sequence, 1):
            taken.append(edges.setdefault((node, token), len(edges)))
            path = sequence[:length]
            if length < len(sequence):
                if path not in inner:
                    inner[path] = len(tokens)
                    tokens.append(token)
                    parents.append(node)
                node = inner[path]
        steps.append(taken)
    return OptionTree(tokens, parents, list(edges), steps, tuple(given) or (0,) * len(steps))
