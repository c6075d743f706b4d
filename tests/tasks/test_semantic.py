"""The LightningModule by itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from segladder.losses import CrossEntropy, LossSum
from segladder.models import UNet
from segladder.models.auxiliary import WithAuxiliary
from segladder.tasks import SemanticTask
from segladder.tasks.rung import step_seed
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="toy",
    classes=("background", "thing"),
    palette=((0, 0, 0), (255, 0, 0)),
    things=(False, True),
    channels=3,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.1),
)


def task(info=INFO, **settings):
    model = UNet(info.channels, info.num_classes, depth=2, base_channels=4)
    loss = LossSum({"ce": CrossEntropy()}, {"ce": 1.0})
    return SemanticTask(model, loss, info, optimizer=torch.optim.SGD, **settings)


def test_a_step_draws_by_seed_epoch_batch_and_rank_alone():
    seeds = {step_seed(s, e, b, r) for s in range(3) for e in range(3) for b in range(3) for r in range(3)}
    assert len(seeds) == 81
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert step_seed(1, 2, 3, 0) == step_seed(1, 2, 3, 0)


def test_a_compiled_network_keeps_the_checkpoints_names():
    plain, compiled = task(), task(compile=True)
    assert plain.state_dict().keys() == compiled.state_dict().keys()


class Constant(torch.nn.Module):
    """Says the same of every image, and beside it, in training, something else: its bias is all it learns."""

    auxiliary = 0.4

    def __init__(self):
        super().__init__()
        self.main = torch.nn.Parameter(torch.tensor([0.0, 1.0]))
        self.beside = torch.nn.Parameter(torch.tensor([2.0, 0.0]))

    def forward(self, images):
        def maps(bias):
            return bias.view(1, 2, 1, 1).expand(len(images), 2, *images.shape[-2:])

        return WithAuxiliary(maps(self.main), maps(self.beside)) if self.training else maps(self.main)


def test_an_auxiliary_head_adds_its_own_loss_times_its_weight():
    loss = LossSum({"ce": CrossEntropy()}, {"ce": 1.0})
    module = SemanticTask(Constant(), loss, INFO, optimizer=torch.optim.SGD)
    module.trainer = SimpleNamespace(log_every_n_steps=10**6, global_step=0)
    target = torch.ones(1, 4, 4, dtype=torch.long)
    total = module.training_step({"image": torch.rand(1, 3, 4, 4), "semantic": target, "image_id": ["a"]}, 0)
    main = F.cross_entropy(torch.tensor([[0.0, 1.0]]), torch.tensor([1]))
    beside = F.cross_entropy(torch.tensor([[2.0, 0.0]]), torch.tensor([1]))
    assert float(total.detach()) == pytest.approx(float(main + 0.4 * beside), rel=1e-6)
    assert float(module.last_parts["auxiliary"]) == pytest.approx(float(beside), rel=1e-6)
    assert float(module.last_parts["ce"]) == pytest.approx(float(main), rel=1e-6)


def test_a_metric_of_ones_own_is_scored_beside_ours():
    class Right(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.reset()

        def reset(self):
            self.right = 0

        def update(self, classes, labels):
            self.right += int((classes == labels).sum())

        def compute(self):
            return torch.tensor(float(self.right))

    module = task(metric=Right, monitor="right")
    assert module.monitor == "val/right"
    labels = torch.tensor([[[0, 1], [1, 255]]])
    module.val_metrics.update(torch.tensor([[[0, 1], [0, 0]]]), labels, ["a"])
    assert module.val_metrics.compute()[0]["right"] == 2
    with pytest.raises(UserError, match="another name"):
        task(metric=Right, monitor="miou")
