from types import SimpleNamespace
from typing import Any

import pytest
import torch

from spineyolo.mask_loss import SampledMaskLoss

SIZE = 64


def box_mask(x0: int, y0: int, x1: int, y1: int) -> torch.Tensor:
    mask = torch.zeros(SIZE, SIZE)
    mask[y0:y1, x0:x1] = 1
    return mask


def loss_of(drawn: list[torch.Tensor], true: list[torch.Tensor], boxes: list[list[float]], anchors: list[int]) -> float:
    """Return the loss on one film; prototype k draws `drawn[k]`, the i-th anchor predicts vertebra `anchors[i]`.

    The canvas is twice the masks' size.
    """
    proto = (torch.stack(drawn) * 2 - 1)[None] * 20
    owner = torch.tensor(anchors)
    loss = SampledMaskLoss.calculate_segmentation_loss(
        SimpleNamespace(),
        fg_mask=torch.ones(1, len(anchors), dtype=torch.bool),
        masks=torch.stack(true),
        target_gt_idx=owner[None],
        target_bboxes=torch.tensor(boxes)[owner][None] * 2,
        batch_idx=torch.zeros(len(true), 1),
        proto=proto,
        pred_masks=torch.eye(len(drawn))[owner][None],
        imgsz=torch.tensor([2.0 * SIZE, 2.0 * SIZE]),
    )
    return float(loss)


UPPER, LOWER = (10, 8, 40, 24), (14, 30, 44, 48)


def test_sampled_mask_loss__right_masks_cost_next_to_nothing() -> None:
    true = [box_mask(*UPPER), box_mask(*LOWER)]
    boxes = [[float(v) for v in UPPER], [float(v) for v in LOWER]]
    right = loss_of(true, true, boxes, [0, 1, 1, 0])
    swapped = loss_of(true[::-1], true, boxes, [0, 1, 1, 0])
    assert right < 0.35  # the rim of samples that lie across an edge
    assert swapped > 5


def test_sampled_mask_loss__mask_that_reaches_beyond_its_box_costs() -> None:
    true, boxes = [box_mask(*UPPER)], [[float(v) for v in UPPER]]
    assert loss_of([box_mask(4, 4, 46, 28)], true, boxes, [0]) > 5 * loss_of(true, true, boxes, [0])


@pytest.mark.parametrize("anchors", [[0], [0, 0, 0]])
def test_sampled_mask_loss__is_a_mean_over_anchors(anchors: list[int]) -> None:
    true, boxes = [box_mask(*UPPER)], [[float(v) for v in UPPER]]
    drawn = [box_mask(12, 8, 40, 24)]
    assert loss_of(drawn, true, boxes, anchors) == pytest.approx(loss_of(drawn, true, boxes, [0]))


def test_sampled_mask_loss__film_without_vertebrae_keeps_the_graph() -> None:
    proto: Any = torch.ones(1, 2, SIZE, SIZE, requires_grad=True)
    loss = SampledMaskLoss.calculate_segmentation_loss(
        SimpleNamespace(),
        fg_mask=torch.tensor([[False], [True]]),
        masks=box_mask(*UPPER)[None],
        target_gt_idx=torch.zeros(2, 1, dtype=torch.long),
        target_bboxes=torch.tensor([[[0.0, 0, 0, 0]], [[20.0, 16, 80, 48]]]),
        batch_idx=torch.ones(1, 1),
        proto=proto.expand(2, -1, -1, -1),
        pred_masks=torch.ones(2, 1, 2, requires_grad=True),
        imgsz=torch.tensor([2.0 * SIZE, 2.0 * SIZE]),
    )
    loss.backward()
    assert torch.isfinite(proto.grad).all() and proto.grad.abs().sum() > 0
