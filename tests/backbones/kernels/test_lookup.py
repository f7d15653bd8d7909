import copy

import pytest
import torch
from torch import nn

from harness.backbones.kernels.lookup import AddingEmbedding, add_gradients_by_row

IDS = torch.tensor([[1, 2, 2, 0], [7, 1, 0, 0]])


class Tied(nn.Module):
    """A table that reads and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(8, 4, padding_idx=0)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table(ids) @ self.table.weight.T


def gradient(model: nn.Module, passes: int) -> torch.Tensor:
    model.train()
    for _ in range(passes):
        model(IDS).pow(2).sum().backward()
    return next(model.parameters()).grad


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize("model", [nn.Embedding(8, 4), nn.Embedding(8, 4, padding_idx=0), Tied()])
def test_gradients_are_torchs(model, passes):
    plain, adding = copy.deepcopy(model), nn.Sequential(copy.deepcopy(model))
    add_gradients_by_row(adding)
    expected = gradient(plain, passes)
    for step in range(2):  # the second step is given the first one's memory
        torch.testing.assert_close(gradient(adding, passes), expected)
        memory = adding[0].weight.grad if isinstance(model, nn.Embedding) else None
        for parameter in adding.parameters():
            parameter.grad = None
        if step and memory is not None:
            assert memory is adding[0]._kept


def test_a_model_that_does_not_learn_keeps_no_memory_for_it():
    model = nn.Sequential(nn.Embedding(8, 4))
    add_gradients_by_row(model)
    gradient(model, 1)
    assert model[0]._kept is not None
    model.eval()
    assert model[0]._kept is None
    model(IDS).sum().backward()  # asked for outside of training: torch's own way
    assert model[0]._kept is None


@pytest.mark.parametrize("special", [{"max_norm": 1.0}, {"scale_grad_by_freq": True},
                                     {"sparse": True}])
def test_embeddings_of_another_kind_are_left_alone(special):
    model = nn.Sequential(nn.Embedding(8, 4, **special))
    add_gradients_by_row(model)
    assert not isinstance(model[0], AddingEmbedding)
