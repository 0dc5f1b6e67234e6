"""What the banks say of themselves, as tables: the numbers of ``model-cards.md`` come from the files that ship."""

from __future__ import annotations

from allaprima import Card
from allaprima.cards import read_card
from allaprima.gallery import BANKS, gallery_model


def pages() -> dict[str, str]:
    """The tables of each bank, to be included."""
    return {f"cards/{bank}.md": tables(read_card(gallery_model(bank)), size(bank)) for bank in BANKS}


def size(bank: str) -> int:
    """Bytes of the file."""
    return gallery_model(bank).stat().st_size


def tables(card: Card, size: int) -> str:
    """Facts, and what each style is and how far its paintings are from photograph and painting."""
    facts = {
        "network": f"`{card.network}`, {card.width} channels, {card.parameters:,} weights",
        "file": f"{size / 1000:,.0f} kB of ONNX, for any size of picture",
        "recipe": f"`{card.recipe.get('name', '')}`",
        "steps of the last training": f"{card.steps:,}",
        "trained on": card.trained_on,
        "trained with": card.device,
        "continued from": card.parent,
        "note": card.note,
        "written by version": card.version,
        "SHA-256 of the weights": f"`{card.weights_sha256}`",
    }
    rows = "".join(f"| {name} | {cell(words)} |\n" for name, words in facts.items() if words.strip("` "))
    styles = "".join(
        f"| `{style.name}` | {cell(style.credit)} | {cell(style.license)} | {losses(card, style.name)} |\n"
        for style in card.styles[1:]
    )
    return (
        f"| | |\n|---|---|\n{rows}\n| style | painting | license | content | style |\n|---|---|---|---|---|\n{styles}"
    )


def losses(card: Card, style: str) -> str:
    """Content and style distance of a style, if they were measured."""
    found = card.losses.get(style, {})
    return " | ".join(f"{found[kind]:.3f}" if kind in found else "" for kind in ("content", "style"))


def cell(text: str) -> str:
    """Text inside a table."""
    return " ".join(text.split()).replace("|", "\\|")
