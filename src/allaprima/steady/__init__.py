"""Frames of a clip whose paintings belong together: where things move, what may stay, and where a shot ends."""
