"""The choice of an encoder, apart from any network that uses it: what `conf/backbone/*.yaml` builds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segladder.models.features import Encoder, Features
from segladder.models.filled_later import is_filled_later
from segladder.models.group_norm import NORMS, use_group_norm
from segladder.models.settings import check_choice, is_whole
from segladder.models.state_files import load_encoder, read_state
from segladder.types import UserError

SOURCES = ("torchvision", "timm", "smp")


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """An encoder by name, with its weights, what of it is frozen, and how fast it learns.

    Raises:
        UserError: a setting is outside its range.
    """

    name: str | None
    """`resnet18 resnet34 resnet50 resnet101 mobilenet_v3` of torchvision, `mit_b0` to `mit_b5` of smp, any of timm."""
    source: str
    """The library whose implementation and weights they are: one of `SOURCES`."""
    weights: str | None = None
    """None: drawn; `imagenet`: the library's published ones; else the path of a state dict."""
    freeze: bool | int = False
    """True: all of it keeps its weights and stays in evaluation mode; a number: its first so many stages, the stem
    being the first."""
    freeze_norm: bool = False
    """Batch norms keep their statistics, scale and shift: for batches too small to take statistics of."""
    norm: str = "batch"
    """`batch`: as the library builds it; `group`: a group norm (Wu & He, ECCV 2018) in the place of each batch norm,
    for training from scratch with few images per step."""
    lr_factor: float = 1.0
    """The backbone's learning rate as a factor of the optimizer's."""

    def __post_init__(self) -> None:
        check_choice("backbone.source", self.source, SOURCES)
        if self.name is None:
            raise UserError("backbone.name is null. Name a network, as in backbone=timm backbone.name=regnety_008.")
        if not isinstance(self.freeze, bool) and (not is_whole(self.freeze) or self.freeze < 1):
            raise UserError(
                f"backbone.freeze is {self.freeze!r}. Give true, false, or how many of the first stages to freeze."
            )
        if not isinstance(self.freeze_norm, bool):
            raise UserError(f"backbone.freeze_norm is {self.freeze_norm!r}. Give true or false.")
        check_choice("backbone.norm", self.norm, NORMS)
        if self.norm == "group" and self.weights == "imagenet":
            raise UserError(
                "backbone.norm is group, but backbone.weights=imagenet is of batch norm. Leave backbone.norm at batch"
                " (with backbone.freeze_norm=true for few images per step), or set backbone.weights=null."
            )
        factor = self.lr_factor
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor < float("inf"):
            raise UserError(f"backbone.lr_factor is {factor!r}. Give a number above 0, such as 0.1.")
        if factor == 0:
            raise UserError(
                "backbone.lr_factor is 0, which trains nothing of it. Use backbone.freeze=true: it costs less."
            )

    @property
    def pretrained(self) -> bool:
        """Whether the library's published weights are wanted now."""
        return self.weights == "imagenet" and not is_filled_later()

    @property
    def path(self) -> str | None:
        """The file that the weights are to be read from now, if any."""
        return None if self.weights in (None, "imagenet") or is_filled_later() else str(self.weights)

    def features(self, *, in_channels: int, output_stride: int = 32) -> Features:
        """The encoder, built.

        Args:
            in_channels: channels of the image; see `first_conv` for what becomes of weights of three.
            output_stride: 8, 16 or 32 pixels of the image per pixel of the last features; below the encoder's own
                by dilation. An encoder that has no dilated form keeps its own, with a warning.

        Raises:
            UserError: there is no such encoder, or its weights cannot be had or are another's.
        """
        encoder = self._encoder(in_channels, output_stride)
        if self.norm == "group":
            swapped = use_group_norm(encoder.net, name=str(self.name))
            stages = [[swapped.get(module, module) for module in stage] for stage in encoder.stages]
            encoder = replace(encoder, stages=stages)
        if self.path is not None:
            source = f"backbone.weights '{self.path}'"
            load_encoder(encoder.net, read_state(self.path, key="backbone.weights"), name=str(self.name), source=source)
        return Features(
            encoder,
            name=str(self.name),
            freeze=self.freeze,
            freeze_norm=self.freeze_norm,
            lr_factor=float(self.lr_factor),
        )

    def _encoder(self, in_channels: int, output_stride: int) -> Encoder:
        name = str(self.name)
        if self.source == "torchvision":
            from segladder.models.torchvision_encoders import build_torchvision, imagenet_state

            encoder = build_torchvision(name, in_channels=in_channels, output_stride=output_stride)
            if self.pretrained:
                load_encoder(encoder.net, imagenet_state(name), name=name, source="torchvision's file")
            return encoder
        from segladder.models.timm_encoders import build_mix_transformer, build_timm

        build = build_timm if self.source == "timm" else build_mix_transformer
        return build(name, in_channels=in_channels, output_stride=output_stride, pretrained=self.pretrained)
