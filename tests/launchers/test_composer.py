"""Jobs composed as copies of one composition are what Hydra itself composes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.composition import Composition
from segladder.config.paths import conf_dir
from segladder.launchers.composer import Composer


@pytest.fixture(scope="module")
def hydra():
    loader = Composition(conf_dir(), "train", ()).loader
    words = ["hydra.mode=MULTIRUN", "hydra.launcher.slots=2"]
    return loader, loader.load_configuration("train", words, RunMode.MULTIRUN)


JOBS = (
    (),
    ("seed=1",),
    ("seed=2", "optimizer.lr=1e-3"),
    ("model=deeplab", "backbone=resnet50", "seed=3"),
    ("optimizer.lr=0.5", "optimizer=sgd", "seed=4"),
    ("loss=dice+0.5*ce", "loss.terms.dice.smooth=0", "loss.weights.ce=2", "seed=5"),
    ("model=maskrcnn_small", "data.num_disks=[1,4]", "metric=mask_ap50"),
    ("experiment=lab", "trainer.max_epochs=3", "++trainer.limit_val_batches=2", "+paths.own=a"),
    ("~scheduler", "data.counts.train=16", "+callbacks.mine._target_=a.B"),
    ("study_name=a-b", "data.counts={train:16,val:8,test:8}", "name='quoted, with=things'"),
    ("study=loss_ablation", "loss=ce", "seed=1", "model.base_channels=4"),
    ("augment=standard", "augment.crop=[32,32]", "hydra.job.name=mine", "~callbacks.progress"),
    ("model=smp_fpn", "backbone=timm", "backbone.name=resnet18", "data.seed=${seed}", "seed=9"),
)


@pytest.mark.parametrize("words", JOBS)
def test_a_job_is_what_hydra_makes_of_it(hydra, words):
    loader, config = hydra
    composer = Composer(SimpleNamespace(config_loader=loader), config)
    wanted = loader.load_sweep_config(config, list(words))
    for _ in range(2):  # the second one from the composition that is kept
        job = composer.compose(words)
        assert OmegaConf.to_container(job) == OmegaConf.to_container(wanted)
        assert OmegaConf.is_struct(job)


def test_a_job_leaves_nothing_behind_in_the_next(hydra):
    loader, config = hydra
    composer = Composer(SimpleNamespace(config_loader=loader), config)
    composer.compose(("seed=7", "optimizer.lr=3", "~callbacks.progress"))
    wanted = loader.load_sweep_config(config, ["seed=8"])
    assert OmegaConf.to_container(composer.compose(("seed=8",))) == OmegaConf.to_container(wanted)


@pytest.mark.parametrize("words", [("sed=1",), ("model=unett",), ("optimizer.lrr=1",), ("~nothing",), ("+seed=1",)])
def test_what_does_not_compose_raises_what_hydra_raises(hydra, words):
    loader, config = hydra
    composer = Composer(SimpleNamespace(config_loader=loader), config)
    with pytest.raises((HydraException, OmegaConfBaseException)) as ours:
        composer.compose(words)
    with pytest.raises((HydraException, OmegaConfBaseException)) as theirs:
        loader.load_sweep_config(config, list(words))
    assert (type(ours.value), str(ours.value)) == (type(theirs.value), str(theirs.value))
