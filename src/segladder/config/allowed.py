"""The classes that a config from a run folder may build; see `trust`.

A class belongs here if building it with any arguments does no more than make a module, optimizer, schedule or
transform. Left out on purpose: whatever takes a callable or a file (`LambdaLR`, `v2.Lambda`), and every
function (`timm.create_model` takes URLs).
"""

from __future__ import annotations

OWN_PACKAGES = (
    "segladder.data",
    "segladder.inference",
    "segladder.losses",
    "segladder.metrics",
    "segladder.models",
    "segladder.tasks",
    "segladder.viz",
)
"""Every class defined in these. Not in `config`, `runs`, `commands`, `launchers`: those act on the machine."""

_NAMED = {
    "torch.nn": """
        AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool2d BatchNorm2d BCEWithLogitsLoss Conv2d ConvTranspose2d
        CrossEntropyLoss Dropout Dropout2d ELU Flatten GELU GroupNorm Hardswish Identity InstanceNorm2d
        LayerNorm LeakyReLU Linear MaxPool2d Mish ModuleDict ModuleList NLLLoss PixelShuffle PReLU ReLU ReLU6
        Sequential Sigmoid SiLU Softmax SyncBatchNorm Upsample UpsamplingBilinear2d UpsamplingNearest2d
    """,
    "torch.optim": "Adadelta Adagrad Adam Adamax AdamW ASGD LBFGS NAdam RAdam RMSprop SGD",
    "torch.optim.lr_scheduler": """
        ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LinearLR MultiStepLR
        OneCycleLR PolynomialLR ReduceLROnPlateau StepLR
    """,
    "torchvision.transforms.v2": """
        CenterCrop ColorJitter Compose ElasticTransform GaussianBlur GaussianNoise Grayscale Identity
        Normalize Pad RandomAdjustSharpness RandomAffine RandomApply RandomAutocontrast RandomChoice
        RandomCrop RandomEqualize RandomErasing RandomGrayscale RandomHorizontalFlip RandomInvert RandomOrder
        RandomPerspective RandomPhotometricDistort RandomPosterize RandomResize RandomResizedCrop
        RandomRotation RandomShortestSize RandomSolarize RandomVerticalFlip RandomZoomOut Resize ScaleJitter
        ToDtype ToImage ToPureTensor
    """,
    "segmentation_models_pytorch": """
        DeepLabV3 DeepLabV3Plus DPT FPN Linknet MAnet PAN PSPNet Segformer Unet UnetPlusPlus UPerNet
    """,
    "timm.models": "ByobNet ConvNeXt EfficientNet MobileNetV3 RegNet ResNet SwinTransformer VisionTransformer",
    "transformers": """
        Dinov2Config EomtConfig EomtForUniversalSegmentation Mask2FormerConfig
        Mask2FormerForUniversalSegmentation MaskFormerConfig MaskFormerForInstanceSegmentation ResNetConfig
        Sam2Config Sam2Model SamConfig SamModel SegformerConfig SegformerForSemanticSegmentation SwinConfig
    """,
}

CLASSES = frozenset(f"{module}.{name}" for module, names in _NAMED.items() for name in names.split())
