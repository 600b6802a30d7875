"""Which machine figures were taken on: its processor and versions, not its name."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

_PACKAGES: Final = ("torch", "torchvision", "ultralytics", "onnxruntime", "openvino", "numpy", "pycocotools")


def describe() -> dict[str, str]:
    """Return the processor, its cores, the GPU if there is one, and the versions of what computes."""
    found = {
        "processor": _processor(),
        "cores": f"{os.cpu_count()}, PyTorch uses {torch.get_num_threads()} threads",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES if _version(name)),
    }
    if torch.cuda.is_available():
        found["GPU"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
