from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from spineyolo import unzip as unzipping
from spineyolo.errors import BadInputError
from spineyolo.unzip import replace_folder, unzip


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def unpack(tmp_path: Path, path: Path, max_bytes: int = 10**6) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    assert unzip(path, folder, max_bytes) == sum(one.is_file() for one in folder.rglob("*"))
    return folder


def test_unzip__every_file_in_its_place(tmp_path: Path) -> None:
    files = {"a.txt": b"one", "train/images/b.jpg": bytes(range(256)), "train/empty.txt": b""}
    with zipfile.ZipFile(zipped(tmp_path / "x.zip", files), "a") as file:
        file.mkdir("nothing")
    folder = unpack(tmp_path, tmp_path / "x.zip")
    assert {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == files


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:/x", "a\\..\\..\\x", "\\\\host\\x", "a/\x1b[2Jx", "..", "//x/y"]
)
def test_unzip__no_path_leaves_the_folder(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "x.zip", {"good": b"1", name: b"2"})
    with pytest.raises(BadInputError, match="within the archive's folder"):
        unpack(tmp_path, path)
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["out", "x.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_unzip__no_links_and_no_devices(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system = 3
    link.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr(link, "/etc")
        file.writestr("link/passwd", "evil")
    with pytest.raises(BadInputError, match="a link or a device"):
        unpack(tmp_path, tmp_path / "x.zip")
    assert not list((tmp_path / "out").iterdir())


def test_unzip__a_bomb_is_refused_before_it_is_written(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"zeros": bytes(10**7)})
    with pytest.raises(BadInputError, match="bytes unpacked"):
        unpack(tmp_path, path, max_bytes=10**9)
    assert not list((tmp_path / "out").iterdir())


def test_unzip__a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"zeros": bytes(10**6)})
    content = path.read_bytes()
    real, small = (10**6).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert content.count(real) == 2
    path.write_bytes(content.replace(real, small))
    with pytest.raises(BadInputError):
        unpack(tmp_path, path)
    assert sum(one.stat().st_size for one in (tmp_path / "out").rglob("*")) <= 10


def test_unzip__too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzipping, "MAX_FILES", 3)
    path = zipped(tmp_path / "x.zip", {f"{number}": b"" for number in range(4)})
    with pytest.raises(BadInputError, match="at most 3 files, found 4"):
        unpack(tmp_path, path)


def test_unzip__one_name_twice_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a/X.txt": b"1", "a/x.TXT": b"2"})
    with pytest.raises(BadInputError, match="twice"):
        unpack(tmp_path, path)


def test_unzip__a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"1", "a/b": b"2"})
    with pytest.raises(BadInputError, match="as a file or as a folder"):
        unpack(tmp_path, path)


def test_unzip__cut_at_any_place_is_said(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(5):
            file.writestr(f"{number}.txt", bytes(range(200)))
    whole = buffer.getvalue()
    for length in range(0, len(whole) - 1, 97):
        path, folder = tmp_path / "x.zip", tmp_path / f"out{length}"
        path.write_bytes(whole[:length])
        folder.mkdir()
        with pytest.raises(BadInputError):
            unzip(path, folder)


def test_unzip__damaged_bytes_are_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.txt": bytes(range(256)) * 8})
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="a whole zip file"):
        unpack(tmp_path, path)


def test_replace_folder__the_new_one_stands_alone(tmp_path: Path) -> None:
    for name, content in (("old", "1"), ("new", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(content)
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [one.name for one in tmp_path.rglob("*")] == ["old", "new.txt"]
