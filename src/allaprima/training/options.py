"""All that decides a training's outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from allaprima.errors import TrainingError
from allaprima.style_model import PHOTO, Style
from allaprima.training.recipes import RECIPES, Recipe
from allaprima.training.style_images import StyleImage


@dataclass(frozen=True)
class TrainingOptions:
    """All that decides a training's outcome; the checkpoint stores it and the card shows it."""

    styles: tuple[StyleImage, ...]
    photos: str = ""
    """The folder of photographs; empty is the one that comes with the package."""
    recipe: Recipe = RECIPES["default"]
    network: str = "fast"
    width: int | None = None
    """Channels of the first convolution; None is the network's own."""
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    """One of "float32", "bfloat16" and "auto": bfloat16 where the device computes it faster."""
    workers: int | None = None
    """Processes that decode photographs; None chooses by the number of cores."""
    parent: str = ""
    """The model that this training went on from: its weights' SHA-256 and its steps."""
    strengths: bool = False
    """Whether nothing but strengths below 1 is trained, of a bank that has these styles already."""
    kept: tuple[Style, ...] = ()
    """That model's styles, if it is to be extended: they come first in the bank, and nothing of theirs is trained."""

    @property
    def keeps(self) -> bool:
        """Whether some of the model paints exactly as before: other styles, or these at full strength."""
        return bool(self.kept) or self.strengths

    @property
    def first_style(self) -> int:
        """The bank's entry of the first style that is trained."""
        return PHOTO + 1 + len(self.kept)

    @property
    def entries(self) -> int:
        """How many entries the bank has, ``photo`` included."""
        return self.first_style + len(self.styles)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainingOptions:
        """The inverse of ``to_dict``."""
        recipe = Recipe(**data["recipe"])
        styles = tuple(StyleImage(**style) for style in data["styles"])
        kept = tuple(Style(**style) for style in data.get("kept", ()))
        return cls(**{**data, "recipe": recipe, "styles": styles, "kept": kept})

    def check_resumes(self, saved: TrainingOptions) -> None:
        """Make sure that a checkpoint's options mean the same training.

        Its workers, its learning rate and its calm may differ: none changes what a step means. A lower rate is the way
        on after a training that diverged, and no calm after calming did.

        Raises:
            TrainingError: another option differs.
        """
        recipe = replace(saved.recipe, learning_rate=self.recipe.learning_rate, calm=self.recipe.calm)
        free = replace(saved, workers=self.workers, recipe=recipe)
        ours, theirs = self.to_dict(), free.to_dict()
        if differ := [key for key in ours if ours[key] != theirs[key]]:
            raise TrainingError(
                f"the checkpoint was made with other options ({', '.join(differ)}); resume with the same ones"
            )
