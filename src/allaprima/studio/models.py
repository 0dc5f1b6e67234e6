"""The models that are offered, by name."""

from __future__ import annotations

from allaprima.cards import read_card
from allaprima.gallery import BANKS, find_model
from allaprima.studio.parameters import Values
from allaprima.studio.problems import ProblemError
from allaprima.style_model import Card


class Models:
    """The gallery's banks and the model of the command; the one that is taken unless another is asked for comes first.

    Args:
        model: of the command; None is the gallery's first bank.

    Raises:
        ModelError: it is not a style model.
    """

    def __init__(self, model: str | None) -> None:
        own = model if model is None or model in BANKS else find_model(model).stem
        names = dict.fromkeys([*([] if own is None else [own]), *BANKS])
        self.cards: dict[str, Card] = {
            name: read_card(find_model(name if name in BANKS else model or name)) for name in names
        }
        self.first = next(iter(self.cards))

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters that must be given."""
        return ("style",) if len(self.cards[self.first].names) > 2 else ()

    def card(self, name: str | None = None) -> Card:
        """A model's card; None is the first one's.

        Raises:
            ProblemError: 404.
        """
        name = self.first if name is None else name
        if name not in self.cards:
            words = f"there is no model {name}; there are: {', '.join(self.cards)}"
            raise ProblemError(404, words, options=("model",))
        return self.cards[name]

    def without_first(self, values: Values) -> Values:
        """Parameters for a process that has the first model from its start; names are never paths."""
        return {key: value for key, value in values.items() if key != "model" or value != self.first}
