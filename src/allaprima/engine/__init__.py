"""Arrays in, arrays out, in bounded memory: a loaded style model, whole or in tiles."""
