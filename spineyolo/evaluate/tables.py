"""Tables of text, on screen and in Markdown; figures as JSON takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.table import Table


def screen_table(table: pd.DataFrame) -> Table:
    """Return a table of text for the screen."""
    shown = Table(*table.columns)
    for row in table.itertuples(index=False):
        shown.add_row(*row)
    return shown


def markdown(table: pd.DataFrame) -> list[str]:
    """Return the lines of a table of text in Markdown."""
    rows = ["| " + " | ".join(row) + " |" for row in [list(table.columns), *table.to_numpy().tolist()]]
    return [rows[0], "|" + "---|" * len(table.columns), *rows[1:]]


def json_value(value: Any) -> Any:
    """Return figures as JSON takes them, mappings and lists throughout: NaN, where there is no truth, as null."""
    if isinstance(value, Mapping):
        return {key: json_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [json_value(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
