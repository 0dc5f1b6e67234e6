"""Alla Prima in ComfyUI: paint pictures and frames in the styles of paintings, and learn styles of your own."""

from .nodes import comfy_entrypoint

__all__ = ["comfy_entrypoint"]
