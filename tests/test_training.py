import numpy as np
import torch

from spineyolo.training import Float32Criterion


def test_float32criterion__computes_in_single_precision_under_autocast() -> None:
    seen = []

    def criterion(preds: dict[str, list[torch.Tensor]], batch: dict[str, torch.Tensor]) -> torch.Tensor:
        seen.append(preds["feats"][0].dtype)
        return preds["feats"][0] @ batch["img"]

    with torch.autocast("cpu", torch.bfloat16):
        loss = Float32Criterion(criterion)(
            {"feats": [torch.ones(2, 2, dtype=torch.bfloat16)]}, {"img": torch.ones(2, 2)}
        )
    assert seen == [torch.float32] and loss.dtype == torch.float32
    assert np.allclose(loss, 2)
