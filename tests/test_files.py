import os
import pickle
from pathlib import Path

import pytest

from spineyolo.errors import BadInputError, NotWrittenError
from spineyolo.files import make_folder, read_json, read_text, shown, write_atomic


def test_write_atomic__whole_and_nothing_else(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", b"first")
    write_atomic(tmp_path / "a.txt", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"second"


def test_write_atomic__a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotWrittenError, match=r"a\.txt: not written, No such file or directory"):
        write_atomic(tmp_path / "none" / "a.txt", b"")


def test_make_folder__a_file_in_its_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotWrittenError, match="not written"):
        make_folder(tmp_path / "file" / "below")


def test_read_text__what_it_refuses(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"12345")
    (tmp_path / "latin.txt").write_bytes(b"\xfc\xe9")
    os.mkfifo(tmp_path / "pipe.txt")
    for name, found in {
        "large.txt": "found 5 bytes",
        "latin.txt": "in UTF-8",
        "pipe.txt": "a pipe",
        "none.txt": "No such file",
        "a\0b": "null",
    }.items():
        with pytest.raises(BadInputError, match=found):
            read_text(tmp_path / name, "a text", largest=4)


def test_read_json__a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(tmp_path / "a.json") == [1]


def test_errors__survive_the_way_between_processes() -> None:
    for error in (BadInputError(Path("a"), "b", "c"), NotWrittenError("a", "full")):
        sent = pickle.loads(pickle.dumps(error))
        assert type(sent) is type(error) and str(sent) == str(error)


def test_errors__nothing_a_terminal_would_obey_and_no_endless_quotes() -> None:
    text = str(BadInputError("film\x1b[2J\ud800.png", "words", "x" * 10_000))
    assert text.isprintable() and text.encode() and len(text) < 500


def test_shown__names_no_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "weights" / "a.pt") == "weights/a.pt"
    assert shown(Path("weights/a.pt")) == "weights/a.pt"
    assert shown(Path("/elsewhere/a.pt")) == "/elsewhere/a.pt"
