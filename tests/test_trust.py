import hashlib
import os
import pickle
from pathlib import Path

import pytest
import torch
from ultralytics.nn.tasks import SegmentationModel

from spineyolo.errors import BadInputError
from spineyolo.trust import load_checkpoint


class Hostile:
    """Unpickled, it makes a folder: harmless, and proof that it ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    torch.save({"model": Hostile(tmp_path / "ran")}, tmp_path / "hostile.pt")
    return tmp_path / "hostile.pt"


def test_load_checkpoint__a_network_needs_no_trust(tmp_path: Path) -> None:
    model = SegmentationModel("yolov8n-seg.yaml", nc=24, verbose=False)
    torch.save({"model": model, "train_args": {"imgsz": 320}}, tmp_path / "own.pt")
    content = load_checkpoint(tmp_path / "own.pt")
    assert content["train_args"] == {"imgsz": 320}
    for mine, read in zip(model.parameters(), content["model"].parameters(), strict=True):
        assert torch.equal(mine, read)


def test_load_checkpoint__a_program_is_refused_and_does_not_run(hostile: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(hostile.read_bytes()).hexdigest()
    with pytest.raises(BadInputError, match=rf"hostile\.pt.*add the line '{digest} hostile\.pt'"):
        load_checkpoint(hostile)
    assert not (tmp_path / "ran").exists()


def test_load_checkpoint__a_trusted_digest_is_loaded_whatever_it_holds(hostile: Path, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.txt"
    trusted.write_text(f"# mine\n{hashlib.sha256(hostile.read_bytes()).hexdigest()} hostile.pt\n")
    load_checkpoint(hostile, trusted)
    assert (tmp_path / "ran").is_dir()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut short", pickle.dumps([1, 2])])
def test_load_checkpoint__what_is_no_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.pt").write_bytes(content)
    with pytest.raises(BadInputError, match=r"other\.pt"):
        load_checkpoint(tmp_path / "other.pt")


def test_load_checkpoint__missing(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such file"):
        load_checkpoint(tmp_path / "none.pt")
