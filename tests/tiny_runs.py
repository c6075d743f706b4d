"""The words of runs that take seconds: of a network that names pixels, and of one that finds objects."""

from __future__ import annotations

PIXELS = (
    "train",
    "model=unet_lab",
    "model.base_channels=4",
    "data.counts.train=64",
    "data.counts.val=16",
    "data.counts.test=16",
    "data.batch_size=8",
    "data.eval_batch_size=8",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=1",
    "runtime.threads=1",
)

OBJECTS = (
    "train",
    "model=maskrcnn",
    "backbone=mobilenet_v3",
    "backbone.norm=group",
    "model.fpn_channels=16",
    "model.box.width=32",
    "model.box.batch=16",
    "model.mask.width=16",
    "model.mask.convs=1",
    "model.rpn.batch=16",
    "model.anchor_sizes=[8,16,32,64,128]",
    "model.detections=10",
    "data=disks",
    "data.size=48",
    "data.num_disks=[0,3]",
    "data.margin=8",
    "data.radius=[5,9]",
    "data.contrast_spread=0.3",
    "data.counts.train=16",
    "data.counts.val=6",
    "data.counts.test=8",
    "data.batch_size=4",
    "data.eval_batch_size=2",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=1",
    "runtime.threads=1",
)

OWN_SERVER = "TESTED_WITH_ITS_OWN_FORK_SERVER"
"""In a command's environment: its sweep starts a fork server as it does for a user, with ten seconds of imports."""
