from pathlib import Path

import pytest
import torch
from maskrcnn import made
from torchvision.models.detection import maskrcnn_resnet50_fpn_v2
from torchvision.ops import box_iou

from spineyolo.detect.candidates import MAX_CANDIDATES, NMS_IOU
from spineyolo.errors import BadInputError
from spineyolo.maskrcnn.network import SpineMaskRCNN
from spineyolo.maskrcnn.recipe import load_recipe
from spineyolo.maskrcnn.start import load_start

RECIPES = Path(__file__).parents[2] / "yolo_configs"


def test_find__candidates_keep_every_level_and_do_not_overlap(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SpineMaskRCNN(made.recipe(tmp_path).architecture).eval()
    with torch.inference_mode():
        found = network.find(torch.randint(0, 255, (192, 96), dtype=torch.uint8))
    assert 0 < len(found.boxes) <= MAX_CANDIDATES
    assert found.level_scores.shape == (len(found.boxes), 24) and found.masks.shape[1:] == (28, 28)
    assert (found.level_scores > 0).all() and (found.level_scores.sum(dim=1) < 1).all()
    assert (found.level_scores.sum(dim=1).diff() <= 1e-6).all()
    overlaps = box_iou(found.boxes, found.boxes).fill_diagonal_(0)
    assert overlaps.max() <= NMS_IOU


def test_forward__boxes_and_masks_are_learnt_whatever_the_level(tmp_path: Path) -> None:
    """The same film labelled T1 and labelled L5 differs in the loss of the level alone."""
    network = SpineMaskRCNN(made.recipe(tmp_path).architecture).train()
    canvas = torch.randint(0, 255, (1, 192, 96), dtype=torch.uint8)
    masks = torch.zeros(1, 192, 96, dtype=torch.bool)
    masks[0, 50:70, 30:60] = True
    losses = []
    for level in (8, 24):
        torch.manual_seed(1)
        target = {"boxes": torch.tensor([[30.0, 50, 60, 70]]), "labels": torch.tensor([level]), "masks": masks}
        losses.append({name: float(loss.detach()) for name, loss in network(canvas, [target]).items()})
    assert set(losses[0]) == {
        "loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask",
    }  # fmt: skip
    assert {name for name in losses[0] if losses[0][name] != losses[1][name]} == {"loss_classifier"}


def test_train__frozen_stages_and_batch_norm_stay(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "maskrcnn-mobilenetv2.yaml")
    network = SpineMaskRCNN(recipe.architecture).train()
    body = network.backbone.body
    assert not any(parameter.requires_grad for layer in "0123" for parameter in body[layer].parameters())
    assert all(parameter.requires_grad for parameter in body["4"].parameters())
    assert not any(layer.training for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d))


def test_load_start__features_are_taken_in_order_whatever_their_names(tmp_path: Path) -> None:
    made.write_features(tmp_path / "features.pt")
    state = torch.load(tmp_path / "features.pt", weights_only=True)
    renamed = {f"features.layer{place}": value for place, value in enumerate(state.values())}
    torch.save({**renamed, "classifier.1.weight": torch.zeros(2, 2)}, tmp_path / "renamed.pt")
    recipe = made.recipe(tmp_path)
    network = SpineMaskRCNN(recipe.architecture)
    said = load_start(network, recipe.architecture.backbone, str(tmp_path / "renamed.pt"))
    assert "renamed.pt" in said
    own = network.backbone.body.state_dict()
    assert all(torch.equal(own[name], state[name]) for name in own)


def test_load_start__coco_weights_fit_all_but_the_last_layers(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "maskrcnn-resnet50.yaml")
    torch.save(maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None).state_dict(), tmp_path / "coco.pt")
    network = SpineMaskRCNN(recipe.architecture)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    load_start(network, recipe.architecture.backbone, str(tmp_path / "coco.pt"))
    theirs = torch.load(tmp_path / "coco.pt", weights_only=True)
    fresh = {name for name, value in network.state_dict().items() if not torch.equal(value, theirs.get(name, value))}
    assert {name.rpartition(".")[0].rpartition(".")[2] for name in before if name not in theirs} == set()
    assert {name.split(".")[-2] for name in fresh} == {"cls_score", "bbox_pred", "mask_fcn_logits"}


@pytest.mark.parametrize(
    ("start", "sentence"),
    [("no-such-package:features.pt", "pip install"), ("none.pt", "no such file"), ("short.pt", "do not fit")],
)
def test_load_start__what_cannot_be_had_is_said(tmp_path: Path, start: str, sentence: str) -> None:
    torch.save({"0.weight": torch.zeros(3)}, tmp_path / "short.pt")
    recipe = made.recipe(tmp_path)
    start = start if ":" in start else str(tmp_path / start)
    with pytest.raises(BadInputError, match=sentence):
        load_start(SpineMaskRCNN(recipe.architecture), recipe.architecture.backbone, start)
