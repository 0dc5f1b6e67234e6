"""From the network's result to the painting: the size of strokes, whose colors, and where it is painted."""
