"""How a picture comes in and goes out: formats, reading, colors, metadata, animations."""
