"""U-Net as a textbook teaches it: down by pooling, up by learned upsampling, a skip at every level.

Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015. One
difference from the paper: convolutions are padded, so that the output has the input's size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models.levels import Level
from segladder.models.size import parameter_count
from segladder.types import UserError

UPSAMPLINGS = ("transposed", "bilinear")
INITIALISATIONS = ("torch", "he")


class UNet(nn.Module):
    """U-Net: `depth` poolings down, as many steps up, channels doubled at each step down.

    Channels are `base_channels * 2**level`: depth 2 and 16 base channels give 16-32-64.

    Args:
        in_channels: channels of the image.
        num_classes: channels of the logits.
        depth: number of poolings, 2 to 5.
        base_channels: channels of the first level.
        batch_norm: normalise after each 3x3 convolution (which then has no bias).
        upsample: `transposed`: a learned 2x2 convolution of stride 2; `bilinear`: interpolation by 2
            (align_corners=False) of a 1x1 convolution. Both halve the channels.
        dropout: probability in [0, 1) with which a whole channel is zeroed in training at the end of the
            contracting path: after the last level before the bottleneck (its skip included) and after the
            bottleneck, where the paper has its drop-out layers. Whole channels, because neighbouring
            pixels carry the same information (Tompson et al., CVPR 2015).
        initialisation: `torch`: PyTorch's own; `he`: the paper's, normal with variance 2 / fan-in, biases 0.

    Raises:
        UserError: a setting is outside its range.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        depth: int = 4,
        base_channels: int = 16,
        batch_norm: bool = True,
        upsample: str = "transposed",
        dropout: float = 0.0,
        initialisation: str = "he",
    ) -> None:
        super().__init__()
        _check_settings(in_channels, num_classes, depth, base_channels, upsample, dropout, initialisation)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.depth = depth
        self.batch_norm = batch_norm

        channels = [base_channels * 2**level for level in range(depth + 1)]
        inputs = [in_channels, *channels]
        self.encoders = nn.ModuleList(conv_block(inputs[level], channels[level], batch_norm) for level in range(depth))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout2d(dropout) if dropout > 0 else nn.Identity()
        self.bottleneck = conv_block(channels[-2], channels[-1], batch_norm)
        self.upsamplings = nn.ModuleList()
        self.decoders = nn.ModuleList()
        for level in reversed(range(depth)):
            self.upsamplings.append(upsampling(channels[level + 1], channels[level], upsample))
            self.decoders.append(conv_block(2 * channels[level], channels[level], batch_norm))
        self.head = nn.Conv2d(channels[0], num_classes, kernel_size=1)

        if initialisation == "he":
            self.apply(_initialise_like_he)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each pixel.

        Args:
            x: images, `(B, in_channels, H, W)` float, of any size. A size that `2**depth` does not divide is
                padded at the bottom and right with copies of the border pixels, and the logits are cropped.

        Returns:
            `(B, num_classes, H, W)`.

        Raises:
            UserError: another number of channels, or batch norm left with one value per channel to train on.
        """
        self._check_input(x)
        height, width = x.shape[-2:]
        x = self._pad(x)

        skips = []
        for encoder in self.encoders:
            x = encoder(x)
            if encoder is self.encoders[-1]:
                x = self.dropout(x)
            skips.append(x)
            x = self.pool(x)

        x = self.dropout(self.bottleneck(x))

        for upsample, decoder in zip(self.upsamplings, self.decoders, strict=True):
            x = upsample(x)
            x = torch.cat([x, skips.pop()], dim=1)
            x = decoder(x)

        logits: Tensor = self.head(x)
        return logits[..., :height, :width]

    def parameter_count(self) -> int:
        """Number of parameters."""
        return parameter_count(self)

    def levels(self, height: int, width: int) -> list[Level]:
        """The network level by level for an image of this size, from the first encoder to the head.

        Sizes are those of the padded image, but for the head, whose output is cropped to the image.
        `levels_text` shows them as a table.
        """
        padded = [size + _padding(size, self.depth) for size in (height, width)]

        def level(name: str, halvings: int, out: int, *modules: nn.Module) -> Level:
            return Level(
                name=name,
                channels=out,
                height=padded[0] // 2**halvings,
                width=padded[1] // 2**halvings,
                parameters=sum(parameter_count(module) for module in modules),
            )

        channels = [_out_channels(encoder) for encoder in self.encoders]
        rows = [level(f"encoder {i + 1}", i, channels[i], encoder) for i, encoder in enumerate(self.encoders)]
        rows.append(level("bottleneck", self.depth, _out_channels(self.bottleneck), self.bottleneck))
        for step, (upsample, decoder) in enumerate(zip(self.upsamplings, self.decoders, strict=True)):
            i = self.depth - 1 - step
            rows.append(level(f"decoder {i + 1}", i, channels[i], upsample, decoder))
        rows.append(
            Level(
                name="head",
                channels=self.num_classes,
                height=height,
                width=width,
                parameters=parameter_count(self.head),
            )
        )
        return rows

    def _pad(self, x: Tensor) -> Tensor:
        bottom, right = (_padding(size, self.depth) for size in x.shape[-2:])
        if bottom == 0 and right == 0:
            return x
        # not the paper's reflection: that fails where the padding is as long as the image
        return F.pad(x, (0, right, 0, bottom), mode="replicate")

    def _check_input(self, x: Tensor) -> None:
        if x.ndim != 4:
            raise UserError(f"U-Net got an input of shape {tuple(x.shape)}. Give it a batch of images, (B, C, H, W).")
        if x.shape[1] != self.in_channels:
            raise UserError(
                f"U-Net was built for images of {self.in_channels} channels and got one of {x.shape[1]}."
                f" Set model.in_channels={x.shape[1]}, or leave it null so that it comes from the data."
            )
        side = 2**self.depth
        alone = x.shape[0] == 1 and x.shape[2] <= side and x.shape[3] <= side
        if self.training and self.batch_norm and alone:
            raise UserError(
                f"Batch norm cannot train on one image of {x.shape[2]}x{x.shape[3]} pixels:"
                f" after {self.depth} poolings one value per channel is left to take a variance of."
                f" Raise data.batch_size,"
                f" lower model.depth, use larger images, or set model.batch_norm=false."
            )


def conv_block(in_channels: int, out_channels: int, batch_norm: bool) -> nn.Sequential:
    """Twice: 3x3 convolution, batch norm if wanted, ReLU. Keeps height and width."""
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers.append(nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def upsampling(in_channels: int, out_channels: int, kind: str) -> nn.Module:
    """Doubles height and width; `kind` is one of `UPSAMPLINGS`."""
    if kind == "transposed":
        return nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
    # a 1x1 convolution and an interpolation may swap places: here it runs on a quarter of the pixels
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )


def _padding(size: int, depth: int) -> int:
    """Pixels to add until `2**depth` divides the size."""
    factor: int = 2**depth
    return -size % factor


def _out_channels(block: nn.Module) -> int:
    convolutions = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    channels: int = convolutions[-1].out_channels
    return channels


def _initialise_like_he(layer: nn.Module) -> None:
    """He et al., ICCV 2015: keeps the variance of activations through convolution and ReLU."""
    if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        return
    if layer.kernel_size == (3, 3):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    else:
        # no ReLU follows: upsampling and head keep the variance with 1 / inputs. A stride-2 2x2 transposed
        # convolution sees each input pixel once, so its fan-in is its channels, not PyTorch's 4 * out
        nn.init.normal_(layer.weight, std=layer.in_channels**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _check_settings(
    in_channels: int,
    num_classes: int,
    depth: int,
    base_channels: int,
    upsample: str,
    dropout: float,
    initialisation: str,
) -> None:
    for name, value in (("in_channels", in_channels), ("num_classes", num_classes)):
        if value is None:
            raise UserError(f"model.{name} is null, which a run fills in from its data. Give UNet a number.")
    for name, value in (
        ("in_channels", in_channels),
        ("num_classes", num_classes),
        ("base_channels", base_channels),
    ):
        if not _is_int(value) or value < 1:
            raise UserError(f"model.{name} is {value!r}. Give a whole number of 1 or more.")
    if not _is_int(depth) or not 2 <= depth <= 5:
        raise UserError(f"model.depth is {depth!r}. Give the number of poolings, 2 to 5.")
    if upsample not in UPSAMPLINGS:
        raise UserError(f"model.upsample is {upsample!r}. Choose one of: {', '.join(UPSAMPLINGS)}.")
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise UserError(f"model.dropout is {dropout!r}. Give a probability from 0 to below 1.")
    if initialisation not in INITIALISATIONS:
        raise UserError(f"model.initialisation is {initialisation!r}. Choose one of: {', '.join(INITIALISATIONS)}.")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
