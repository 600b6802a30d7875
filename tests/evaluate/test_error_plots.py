import cv2
import numpy as np
import pandas as pd

from spineyolo.evaluate import error_plots
from spineyolo.evaluate.errors import Kind


def pixels(png: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def shows(picture: np.ndarray, colour: str, enough: int = 40) -> bool:
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(picture[:, :, ::-1].astype(int) - rgb).max(axis=2) < 8).sum()) > enough


def test_matrix_plot__dark_where_the_row_s_share_is() -> None:
    levels = ["T1", "T2", "not found"]
    sure = pd.DataFrame([[9, 0, 0], [0, 9, 0], [0, 0, 0]], index=levels, columns=levels)
    spread = pd.DataFrame([[3, 3, 3], [3, 3, 3], [0, 0, 0]], index=levels, columns=levels)
    dark = [(pixels(error_plots.matrix_plot(matrix))[:, :, 2] < 40).sum() for matrix in (sure, spread)]
    assert dark[0] > dark[1] + 5000


def test_level_plot__only_errors_that_occur_are_drawn() -> None:
    levels = pd.DataFrame(
        {"level": ["T1", "T2"], "found": [0.9, 1.0], "named right": [0.8, 0.9], "mask AP50, with levels": [0.5, np.nan]}
    )
    rates = pd.DataFrame({str(Kind.SHIFTED): [0.2, 0.1], str(Kind.SWAPPED): [0.0, 0.0]}, index=["T1", "T2"])
    picture = pixels(error_plots.level_plot(levels, rates))
    assert shows(picture, error_plots.COLOURS[Kind.SHIFTED], 2000)
    assert not shows(picture, error_plots.COLOURS[Kind.SWAPPED])


def test_covariate_plot__of_few_films_without_cobb_angles() -> None:
    table = pd.DataFrame({"film": ["a", "a", "b"], "vertebra": True, "cobb_deg": np.nan, "contrast": [1.0, 2.0, 3.0]})
    table = table.assign(implant=False, field="lumbar", shift=[0.0, np.nan, 1.0], named_right=[True, False, False])
    picture = pixels(error_plots.covariate_plot(table))
    assert shows(picture, "#0072b2") and shows(picture, "#009e73")
