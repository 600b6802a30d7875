import numpy as np
import pytest

from spineyolo.detect.canvas import STRIDE_PX, canvas_size, place


@pytest.mark.parametrize("shape", [(2400, 900), (1014, 802), (300, 900), (61, 40)])
def test_place__fits_the_canvas_and_keeps_the_aspect(shape: tuple[int, int]) -> None:
    placed = place(np.full(shape, 200, np.uint8), 640)
    height, width = placed.image.shape
    assert height % STRIDE_PX == width % STRIDE_PX == 0
    assert height <= canvas_size(640)[0] and width <= canvas_size(640)[1]
    film = placed.image != 114
    rows, columns = film.any(axis=1).sum(), film.any(axis=0).sum()
    assert rows == pytest.approx(shape[0] * placed.scale, abs=1)
    assert columns == pytest.approx(shape[1] * placed.scale, abs=1)


def test_to_film__undoes_place() -> None:
    grey = np.zeros((2400, 900), np.uint8)
    grey[1000:1200, 300:500] = 255
    placed = place(grey, 640)
    y, x = np.nonzero(placed.image > 200)
    corners = np.float32([[x.min(), y.min()], [x.max() + 1, y.max() + 1]])
    assert placed.to_film(corners) == pytest.approx(np.float32([[300, 1000], [500, 1200]]), abs=4)
