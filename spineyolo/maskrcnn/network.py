"""The network: torchvision's parts of Mask R-CNN, put together for small boxes of 24 levels that look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import torch
from torch import nn
from torchvision.models import mobilenet_v2, mobilenet_v3_large, resnet50
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign, clip_boxes_to_image, nms

from spineyolo.anatomy import LEVELS
from spineyolo.detect.candidates import MAX_CANDIDATES, MIN_SCORE, NMS_IOU

CLASSES: Final = len(LEVELS) + 1
"""Background is class 0, the levels C1…L5 are 1…24, as their COCO category ids are."""

_BOX_CELLS, _MASK_CELLS = 7, 14  # of a pooled region, a side; masks come out twice as fine
_GROUPS: Final = 16  # of group norm
_RPN_NMS_IOU: Final = 0.7
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as torchvision's backbones were trained


class Backbone(StrEnum):
    """What sees the film first."""

    MOBILENET_V2 = "mobilenet_v2"
    MOBILENET_V3_LARGE = "mobilenet_v3_large"
    RESNET50 = "resnet50"


class HeadNorm(StrEnum):
    """What normalises the pyramid and the heads."""

    GROUP = "group"
    """Each film by itself (Wu and He, ECCV 2018): learns at a high rate from few films a step."""

    BATCH = "batch"
    """As torchvision's second version of ResNet-50 has it, whose COCO weights fit this alone."""


# For each backbone: the layers that end strides 4, 8, 16 and 32, and their channels.
_STAGES: Final[dict[Backbone, tuple[tuple[str, ...], tuple[int, ...]]]] = {
    Backbone.MOBILENET_V2: (("3", "6", "13", "17"), (24, 32, 96, 320)),
    Backbone.MOBILENET_V3_LARGE: (("3", "6", "12", "15"), (24, 40, 112, 160)),
    Backbone.RESNET50: (("layer1", "layer2", "layer3", "layer4"), (256, 512, 1024, 2048)),
}
_POOLED: Final = ("0", "1", "2", "3")  # regions are pooled from these levels of the pyramid


@dataclass(frozen=True)
class Architecture:
    """What the network is made of.

    Attributes:
        backbone: what sees the film first.
        imgsz: canvas height in px (`spineyolo.detect.canvas`).
        frozen_stages: how many stages of the backbone (strides 2 and 4, 8, 16, 32) stay as they start.
        head_norm: of the feature pyramid and of the heads' convolutions.
        channels: of the feature pyramid and of the heads' convolutions.
        anchor_sizes: square roots of the anchors' areas in canvas px, a list for each level of the pyramid. The
            pyramid has strides 4, 8, 16, 32 and 64; fewer lists leave out the fine levels.
        anchor_aspects: height over width.
        proposals: kept of the region proposal network, a film.
        rois: regions a film that the heads learn from.
        rpn_convolutions, box_convolutions, mask_convolutions: how deep these heads are.
        box_features: of the fully connected layer of the box head.
    """

    backbone: Backbone
    imgsz: int
    frozen_stages: int
    head_norm: HeadNorm
    channels: int
    anchor_sizes: tuple[tuple[int, ...], ...]
    anchor_aspects: tuple[float, ...]
    proposals: int
    rois: int
    rpn_convolutions: int
    box_convolutions: int
    mask_convolutions: int
    box_features: int


class LevelPredictor(nn.Module):
    """Scores for background and every level, and one box whatever the level."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(features, CLASSES)
        self.bbox_pred = nn.Linear(features, 4)

    def forward(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits `(n, 25)` and box changes `(n, 25 * 4)`, the same for each class as torchvision wants them."""
        return self.cls_score(pooled), self.bbox_pred(pooled).repeat(1, CLASSES)


class OutlinePredictor(MaskRCNNPredictor):
    """One mask whatever the level: the outlines of neighbours are alike, so all teach one mask."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)
        nn.init.normal_(self.mask_fcn_logits.weight, std=0.01)  # so that masks start undecided, not sure and wrong

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return mask logits `(n, 25, 28, 28)`, the same for each class."""
        logits: torch.Tensor = super().forward(pooled)
        return logits.expand(-1, CLASSES, -1, -1)


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the network finds on one canvas, best first: one class-agnostic NMS, every level's score kept.

    Attributes:
        boxes: `(n, 4)` x0, y0, x1, y1 canvas px.
        level_scores: `(n, 24)`, softmax over background and levels, without the background.
        masks: `(n, 28, 28)` probabilities over each box.
    """

    boxes: torch.Tensor
    level_scores: torch.Tensor
    masks: torch.Tensor


class SpineMaskRCNN(nn.Module):
    """Mask R-CNN on canvases: torchvision's modules under torchvision's names, so that its weights fit.

    It differs in that films come as canvases (`spineyolo.detect.canvas`), so that none is squeezed; in that boxes
    and masks are class-agnostic; and in that a candidate keeps its scores for all levels.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.backbone = _backbone(architecture)
        self.rpn = _proposal_network(architecture)
        self.roi_heads = _heads(architecture)
        for layer in _frozen_layers(self.backbone.body, architecture):
            layer.requires_grad_(False)

    def train(self, mode: bool = True) -> SpineMaskRCNN:
        """Switch to training; batch norm keeps the statistics it starts with, a few films a step give no good ones."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def forward(self, canvases: torch.Tensor, targets: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        """Return the five losses of a batch.

        Args:
            canvases: `(films, height, width)`, 8 bit grey.
            targets: for each film `boxes` `(n, 4)` canvas px, `labels` `(n,)` 1…24, `masks` `(n, height, width)`.
        """
        images = _normalised(canvases)
        features, sizes = self.backbone(images), [tuple(images.shape[-2:])] * len(images)
        proposals, proposal_losses = self.rpn(ImageList(images, sizes), self._proposal_levels(features), targets)
        losses = self.roi_heads(features, proposals, sizes, targets)[1]
        return {**proposal_losses, **losses}

    def find(self, canvas: torch.Tensor) -> Candidates:
        """Return the candidates on one canvas `(height, width)`, 8 bit grey."""
        image = _normalised(canvas[None])
        features, sizes = self.backbone(image), [tuple(image.shape[-2:])]
        proposals = self.rpn(ImageList(image, sizes), self._proposal_levels(features))[0]
        heads = self.roi_heads
        logits, changes = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposals, sizes)))
        decoded = heads.box_coder.decode(changes[:, :4], proposals)[:, 0]
        boxes = clip_boxes_to_image(decoded, sizes[0])
        level_scores = logits.softmax(dim=1)[:, 1:]
        scores = level_scores.sum(dim=1)
        kept = (scores >= MIN_SCORE).nonzero()[:, 0]
        kept = kept[nms(boxes[kept], scores[kept], NMS_IOU)][:MAX_CANDIDATES]
        pooled = heads.mask_head(heads.mask_roi_pool(features, [boxes[kept]], sizes))
        return Candidates(boxes[kept], level_scores[kept], heads.mask_predictor(pooled)[:, 0].sigmoid())

    def _proposal_levels(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        levels = list(features.items())
        return dict(levels[len(levels) - len(self.rpn.anchor_generator.sizes) :])


def _normalised(canvases: torch.Tensor) -> torch.Tensor:
    """Return grey canvases `(films, height, width)`, 0…255, as the backbone takes them, `(films, 3, height, width)`."""
    mean = torch.tensor(_MEAN, device=canvases.device).view(1, 3, 1, 1)
    std = torch.tensor(_STD, device=canvases.device).view(1, 3, 1, 1)
    return (canvases[:, None].float() / 255 - mean) / std


def _backbone(architecture: Architecture) -> BackboneWithFPN:
    layers, channels = _STAGES[architecture.backbone]
    body: Any
    if architecture.backbone is Backbone.MOBILENET_V2:
        body = mobilenet_v2().features
    elif architecture.backbone is Backbone.MOBILENET_V3_LARGE:
        body = mobilenet_v3_large().features
    else:
        body = resnet50()
    names = dict(zip(layers, _POOLED, strict=True))
    return BackboneWithFPN(body, names, list(channels), architecture.channels, norm_layer=_head_norm(architecture))


def _head_norm(architecture: Architecture) -> Callable[[int], nn.Module]:
    return nn.BatchNorm2d if architecture.head_norm is HeadNorm.BATCH else partial(nn.GroupNorm, _GROUPS)


def _frozen_layers(body: nn.ModuleDict, architecture: Architecture) -> list[nn.Module]:
    """Return the layers of the backbone up to the end of its last frozen stage."""
    if not architecture.frozen_stages:
        return []
    names, last = list(body), _STAGES[architecture.backbone][0][architecture.frozen_stages - 1]
    return [body[name] for name in names[: names.index(last) + 1]]


def _proposal_network(architecture: Architecture) -> RegionProposalNetwork:
    sizes = architecture.anchor_sizes
    anchors = AnchorGenerator(sizes, (architecture.anchor_aspects,) * len(sizes))
    head = RPNHead(architecture.channels, anchors.num_anchors_per_location()[0], architecture.rpn_convolutions)
    kept = {"training": architecture.proposals, "testing": architecture.proposals}
    return RegionProposalNetwork(
        anchors,
        head,
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=256,
        positive_fraction=0.5,
        pre_nms_top_n={mode: 2 * count for mode, count in kept.items()},
        post_nms_top_n=kept,
        nms_thresh=_RPN_NMS_IOU,
    )


def _heads(architecture: Architecture) -> RoIHeads:
    channels, features = architecture.channels, architecture.box_features
    box_head = FastRCNNConvFCHead(
        (channels, _BOX_CELLS, _BOX_CELLS),
        [channels] * architecture.box_convolutions,
        [features],
        norm_layer=_head_norm(architecture),
    )
    mask_layers = [channels] * architecture.mask_convolutions
    mask_head = MaskRCNNHeads(channels, mask_layers, 1, norm_layer=_head_norm(architecture))
    return RoIHeads(
        MultiScaleRoIAlign(list(_POOLED), _BOX_CELLS, sampling_ratio=2),
        box_head,
        LevelPredictor(features),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=architecture.rois,
        positive_fraction=0.25,
        bbox_reg_weights=None,
        # Of torchvision's own way to its results, which `find` takes the place of.
        score_thresh=0.0,
        nms_thresh=1.0,
        detections_per_img=0,
        mask_roi_pool=MultiScaleRoIAlign(list(_POOLED), _MASK_CELLS, sampling_ratio=2),
        mask_head=mask_head,
        mask_predictor=OutlinePredictor(channels),
    )
