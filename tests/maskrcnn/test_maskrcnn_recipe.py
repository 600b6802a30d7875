from pathlib import Path

import pytest
import yaml
from maskrcnn import made

from spineyolo.errors import BadInputError
from spineyolo.maskrcnn.recipe import load_recipe, plain, recipe_of

RECIPES = sorted((Path(__file__).parents[2] / "yolo_configs").glob("maskrcnn-*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_load_recipe__committed_recipes_are_whole(path: Path) -> None:
    recipe = load_recipe(path)
    assert path.stem == f"maskrcnn-{recipe.name}"
    assert recipe_of(plain(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch": 0}, "batch: expected 1 or more"),
        ({"seed": -1}, "seed: expected 0 or more"),
        ({"learning_rate": "fast"}, "learning_rate: expected float"),
        ({"colour": "grey"}, "colour"),
        ({"architecture": {"backbone": "vgg"}}, "vgg"),
    ],
)
def test_load_recipe__what_is_wrong_is_named(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    path = tmp_path / "recipe.yaml"
    content = made.content(tmp_path)
    for key, value in changes.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(BadInputError, match=sentence):
        load_recipe(path)


def test_load_recipe__missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.yaml"):
        load_recipe(tmp_path / "none.yaml")
