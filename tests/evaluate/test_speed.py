import json
from pathlib import Path

import pytest

from spineyolo.evaluate import folder_run, speed
from spineyolo.evaluate.compare.stages import STAGES


def figures() -> dict[str, object]:
    stages = {stage: 1.0 for stage in STAGES}
    rows = [{**stages, "network": network} for network in (10.0, 20.0, 30.0)]
    times = {"ours": rows, speed.ULTRALYTICS: [{"all": 56.0}, {"all": 48.0}, {"all": 68.0}]}
    run = {"films": 4, "seconds": 2.0, "start_s": 1.0, "peak_mb": 300.0}
    return {
        "times": {name: speed._percentiles(found) for name, found in times.items()},
        "times_faster": speed._times_faster(times, "ours"),
        "identification": {"ours": 0.65},
        "folders": [run],
        "ultralytics_folder": run | {"seconds": 8.0},
        "growth": [{"varied": "size", "megapixels": 2.25, "vertebrae": 17, "found": 16, **stages}],
    }


def test_times_faster__film_by_film() -> None:
    """Ours takes 14, 24 and 34 ms in all, the other 4, 2 and 2 times as long: the median is 2."""
    assert figures()["times_faster"] == {speed.ULTRALYTICS: pytest.approx(2.0)}


def test_percentiles__stages_add_up_film_by_film() -> None:
    found = figures()["times"]["ours"]
    assert found["network"]["p50_ms"] == 20 and found["network"]["p95_ms"] == pytest.approx(29)
    assert found["all"]["p50_ms"] == 24


def test_write__every_figure_and_the_tables(tmp_path: Path) -> None:
    speed.write(figures(), tmp_path / "speed", {"command": "python benchmarks/speed.py"})
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert kept["results"]["folders"][0]["peak_mb"] == 300
    text = (tmp_path / "speed.md").read_text()
    assert "| ours | 1.0 / 1.0 | 1.0 / 1.0 | 20.0 / 29.0 | 1.0 / 1.0 | 1.0 / 1.0 | 24.0 / 33.0 |" in text
    assert "| Ultralytics' predict | 4 | 0.5 | 1.0 | 300 |" in text


def test_timed__the_first_film_does_not_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 15.0, 17.5])
    monkeypatch.setattr(folder_run.time, "perf_counter", lambda: next(clock))
    folder_run._timed(iter([None, None]), 5)
    found = folder_run.FolderRun(**json.loads(capsys.readouterr().out))
    assert (found.films, found.start_s, found.seconds) == (5, 5.0, 2.5)
    assert 10 < found.peak_mb < 100_000
