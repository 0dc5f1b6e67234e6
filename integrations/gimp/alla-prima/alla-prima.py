#!/usr/bin/env python3
"""Filters > Artistic > Alla Prima, for GIMP 3: paints the layer in the style of a painting, as a new layer above it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gegl, Gimp, GimpUi, Gio, GLib, GObject  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipe import png, stylize  # noqa: E402

NAME = "alla-prima-stylize"


class AllaPrima(Gimp.PlugIn):
    """The plug-in; what paints is the command."""

    def do_query_procedures(self):
        """What there is."""
        return [NAME]

    def do_set_i18n(self, name):
        """There are no translations."""
        return False

    def do_create_procedure(self, name):
        """One procedure with its arguments."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_menu_label("Alla Prima…")
        procedure.add_menu_path("<Image>/Filters/Artistic")
        procedure.set_documentation("Paint in the style of a painting", "Runs the command allaprima stylize.", name)
        procedure.set_attribution("Alla Prima", "Alla Prima", "2026")
        flags = GObject.ParamFlags.READWRITE
        procedure.add_string_argument(
            "style", "_Style", "A style, or a mixture such as great_wave:0.6,irises:0.4", "great_wave", flags
        )
        procedure.add_double_argument(
            "strength", "S_trength", "From 0, the photograph, to 1, the painting", 0.0, 1.0, 1.0, flags
        )
        procedure.add_string_argument("model", "_Model", "fast, fine or the path of a style model", "", flags)
        procedure.add_string_argument("command", "_Command", "Name or path of the command", "allaprima", flags)
        return procedure

    def run(self, procedure, run_mode, image, drawables, config, data):
        """Ask, paint, and put the painting above the layer."""
        if len(drawables) != 1:
            return self._failed(procedure, "Choose one layer.")
        if run_mode == Gimp.RunMode.INTERACTIVE:
            GimpUi.init(NAME)
            dialog = GimpUi.ProcedureDialog.new(procedure, config, "Alla Prima")
            dialog.fill(None)
            answer = dialog.run()
            dialog.destroy()
            if not answer:
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        try:
            painted = self._painted(drawables[0], config)
            self._insert(image, drawables[0], painted, config.get_property("style"))
        except (RuntimeError, ValueError, OSError) as error:
            return self._failed(procedure, str(error))
        Gimp.displays_flush()
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)

    @staticmethod
    def _painted(drawable, config):
        """The layer through the pipe: a PNG."""
        width, height = drawable.get_width(), drawable.get_height()
        kind, channels = ("R'G'B'A u8", 4) if drawable.has_alpha() else ("R'G'B' u8", 3)
        place = Gegl.Rectangle.new(0, 0, width, height)
        pixels = bytes(drawable.get_buffer().get(place, 1.0, kind, Gegl.AbyssPolicy.CLAMP))
        words = [config.get_property(name) for name in ("style", "strength", "command", "model")]
        return stylize(png(pixels, width, height, channels), *words)

    @staticmethod
    def _insert(image, drawable, painted, name):
        """A new layer where the old one is, by way of a file, which GIMP loads."""
        descriptor, path = tempfile.mkstemp(suffix=".png")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(painted)
            layer = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path))
        finally:
            Path(path).unlink()
        offsets = drawable.get_offsets()
        image.undo_group_start()
        image.insert_layer(layer, drawable.get_parent(), image.get_item_position(drawable))
        layer.set_name(name)
        layer.set_offsets(offsets[-2], offsets[-1])
        image.undo_group_end()

    @staticmethod
    def _failed(procedure, words):
        error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), words, 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


Gimp.main(AllaPrima.__gtype__, sys.argv)
