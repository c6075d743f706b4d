"""Any decoder of segmentation_models_pytorch over the backbones that our own networks take.

Iakubovskii: Segmentation Models PyTorch, 2019.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models.backbone import Backbone
from segladder.models.freezing import freeze_parts, trains_batch_norm
from segladder.models.group_norm import use_group_norm
from segladder.models.settings import check_choice, check_images, check_sizes, did_you_mean
from segladder.models.state_files import load_encoder, read_state
from segladder.types import UserError

DECODERS = {
    "unet": "Unet",
    "unetplusplus": "UnetPlusPlus",
    "fpn": "FPN",
    "pspnet": "PSPNet",
    "pan": "PAN",
    "linknet": "Linknet",
    "manet": "MAnet",
    "deeplabv3": "DeepLabV3",
    "deeplabv3plus": "DeepLabV3Plus",
    "upernet": "UPerNet",
    "segformer": "Segformer",
}
"""smp's classes by our words. DPT is left out: it decodes plain vision transformers, which are no backbone here."""

_OURS = frozenset({"encoder_name", "encoder_weights", "in_channels", "classes", "kwargs"})
_MULTIPLE = 32
_SMALLEST = {"pan": 128}
"""PAN halves the map of stride 16 three times more."""
_POOLING = frozenset({"deeplabv3", "deeplabv3plus", "pan"})
"""Decoders that normalise the mean of the map."""


class SmpModel(nn.Module):
    """A decoder of smp over an encoder of smp's.

    The encoders are those of our own backbones: torchvision's ResNets, timm's and SegFormer's as they are; mobilenet_v3
    is timm's `mobilenetv3_large_100`, the same network with weights of its own.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        backbone: the choice of encoder.
        decoder: one of `DECODERS`.
        options: further arguments of smp's class, such as `decoder_channels`.

    Raises:
        UserError: smp has no such decoder or option, does not put this decoder over this encoder, or weights cannot
            be had or are another encoder's.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        backbone: Backbone,
        decoder: str,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        check_sizes("SmpModel", in_channels, num_classes)
        check_choice("model.decoder", decoder, DECODERS)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.decoder = decoder
        self._smallest = _SMALLEST.get(decoder, _MULTIPLE)
        self.net = _build(in_channels, num_classes, backbone, decoder, dict(options or {}))
        encoder = self.net.encoder
        _load(encoder, backbone)
        if backbone.norm == "group":
            use_group_norm(encoder, name=str(backbone.name))
        self._probe(str(backbone.name))
        encoder.lr_factor = float(backbone.lr_factor)
        self._frozen = freeze_parts(
            encoder,
            _stages(encoder),
            freeze=backbone.freeze,
            freeze_norm=backbone.freeze_norm,
            name=str(backbone.name),
        )

    @property
    def backbone(self) -> nn.Module:
        """smp's encoder; its attribute `lr_factor` is its learning rate as a factor of the optimizer's."""
        return cast(nn.Module, self.net.encoder)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size. A size that 32 does not divide is padded at the
                bottom and right with copies of the border pixels, and the logits are cropped.

        Returns:
            `(B, num_classes, H, W)`.

        Raises:
            UserError: another number of channels, or batch norm left with one value per channel to train on.
        """
        check_images(x, self.in_channels, "SmpModel")
        self._check_batch_norm(x)
        height, width = x.shape[-2:]
        padded = self._pad(x)
        logits: Tensor = self.net(padded)
        if logits.shape[-2:] != padded.shape[-2:]:
            # options of the decoder may change what its last upsampling should have been
            logits = F.interpolate(logits, size=padded.shape[-2:], mode="bilinear", align_corners=False)
        return logits[..., :height, :width]

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`; what is frozen stays in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def _pad(self, x: Tensor) -> Tensor:
        add = []
        for size in (x.shape[-1], x.shape[-2]):
            wanted = max(size, self._smallest)
            add += [0, wanted + -wanted % _MULTIPLE - size]
        return F.pad(x, add, mode="replicate") if any(add) else x

    def _check_batch_norm(self, x: Tensor) -> None:
        alone = max(x.shape[-2:]) <= _MULTIPLE and trains_batch_norm(self.net.encoder)
        if self.training and x.shape[0] == 1 and (self.decoder in _POOLING or alone):
            raise UserError(
                f"Batch norm cannot train on one image of {x.shape[2]}x{x.shape[3]} pixels per step: smp's"
                f" {self.decoder} leaves one value per channel to take a variance of. Raise data.batch_size to 2 or"
                " more per device."
            )

    def _probe(self, name: str) -> None:
        """Runs once what was built: what fails would fail in the first step, and what is unused is taken out."""
        image = torch.zeros(1, self.in_channels, self._smallest, self._smallest)
        try:
            self.net.eval()
            with torch.enable_grad():
                self.net(image).sum().backward()
        # smp builds some pairs that cannot run
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            raise UserError(_refused(self.decoder, name, error)) from error
        _drop_unused(self.net.encoder)
        self.net.zero_grad(set_to_none=True)
        self.net.train()


def encoder_name(backbone: Backbone) -> str:
    """What smp calls the encoder of a backbone; `tu-` are timm's."""
    if backbone.source == "timm":
        return f"tu-{backbone.name}"
    return "tu-mobilenetv3_large_100" if backbone.name == "mobilenet_v3" else str(backbone.name)


def _build(in_channels: int, num_classes: int, backbone: Backbone, decoder: str, options: dict[str, Any]) -> Any:
    import segmentation_models_pytorch as smp

    from segladder.models.timm_encoders import check_timm_name, published_file

    target = getattr(smp, DECODERS[decoder])
    _check_options(target, options)
    name = encoder_name(backbone)
    from_timm = name.startswith("tu-")
    if from_timm:
        check_timm_name(name.removeprefix("tu-"), pretrained=backbone.pretrained)
        if backbone.pretrained:
            options["pretrained_cfg_overlay"] = published_file(name.removeprefix("tu-"))
    weights = True if from_timm and backbone.pretrained else None
    try:
        return target(
            encoder_name=name, encoder_weights=weights, in_channels=in_channels, classes=num_classes, **options
        )
    # smp refuses pairs and options in as many ways as it has decoders
    except (ValueError, TypeError, RuntimeError, KeyError, AssertionError, NotImplementedError) as error:
        raise UserError(_refused(decoder, str(backbone.name), error)) from error


def _check_options(target: Any, options: Mapping[str, Any]) -> None:
    known = [name for name in inspect.signature(target.__init__).parameters if name not in _OURS | {"self"}]
    known = [name for name in known if name not in ("activation", "aux_params")]
    for name in options:
        if name in _OURS or name in ("activation", "aux_params"):
            raise UserError(f"model.options.{name} is not yours to set: the run gives channels, classes and backbone.")
        if name not in known:
            raise UserError(
                f"Unknown setting 'model.options.{name}'{did_you_mean(name, known)} smp's {target.__name__} takes:"
                f" {', '.join(known)}."
            )


def _load(encoder: nn.Module, backbone: Backbone) -> None:
    """Weights that smp does not load itself: files, torchvision's and the mix transformers'."""
    name = str(backbone.name)
    if backbone.path is not None:
        state, source = read_state(backbone.path, key="backbone.weights"), f"backbone.weights '{backbone.path}'"
    elif not backbone.pretrained or encoder_name(backbone).startswith("tu-"):
        return
    elif backbone.source == "torchvision":
        from segladder.models.torchvision_encoders import imagenet_state

        state, source = imagenet_state(name), "torchvision's file"
    else:
        from segladder.models.timm_encoders import mix_transformer_state

        state, source = mix_transformer_state(name), "smp's file"
    load_encoder(encoder, state, name=name, source=source)


def _stages(encoder: Any) -> list[list[nn.Module]]:
    """The modules of each stage of smp's encoder, the stem first."""
    from segladder.models.timm_encoders import mix_transformer_stages, timm_stages

    if hasattr(encoder, "layer1"):
        return [[encoder.conv1, encoder.bn1], *([getattr(encoder, f"layer{stage}")] for stage in range(1, 5))]
    return timm_stages(encoder.model) if hasattr(encoder, "model") else mix_transformer_stages(encoder)


def _drop_unused(module: nn.Module) -> None:
    """Replaces what got no gradient: smp keeps the stages behind those that a decoder reads (PSPNet), and parameters
    without a gradient are an error under DDP."""
    for name, child in module.named_children():
        parameters = list(child.parameters())
        if parameters and all(parameter.grad is None for parameter in parameters):
            setattr(module, name, nn.Identity())
        elif parameters:
            _drop_unused(child)


def _refused(decoder: str, name: str, error: Exception) -> str:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return (
        f"smp's {decoder} does not work over backbone {name} with these options: {said}. Choose another backbone or"
        f" decoder, or check model.options."
    )
