import numpy as np

from spineyolo.augment import FilmLook, vary


def picture() -> np.ndarray:
    ramp = np.linspace(20, 230, 96).astype(np.uint8)
    return np.repeat(np.repeat(ramp[None, :, None], 64, axis=0), 3, axis=2)


def test_vary__keeps_shape_type_and_grey() -> None:
    for seed in range(30):
        varied = vary(picture(), np.random.default_rng(seed))
        assert varied.shape == (64, 96, 3) and varied.dtype == np.uint8
        assert (varied == varied[..., :1]).all()


def test_vary__brighter_stays_brighter() -> None:
    for seed in range(30):
        varied = vary(picture(), np.random.default_rng(seed)).astype(float)[:, :, 0].mean(axis=0)
        thirds = [part.mean() for part in np.split(varied, 3)]
        assert thirds[0] < thirds[1] < thirds[2]


def test_vary__films_differ_and_seeds_repeat() -> None:
    looks = [vary(picture(), np.random.default_rng(seed)).tobytes() for seed in range(20)]
    assert len(set(looks)) > 10
    assert looks[3] == vary(picture(), np.random.default_rng(3)).tobytes()


def test_filmlook__changes_the_picture_only() -> None:
    np.random.seed(0)  # noqa: NPY002 - Ultralytics' transforms draw from the global generator
    before = {"img": picture(), "cls": np.array([[3.0]])}
    pictures = [FilmLook()({**before, "img": picture()}) for _ in range(10)]
    assert all(after["cls"] is before["cls"] for after in pictures)
    assert any((after["img"] != picture()).any() for after in pictures)
