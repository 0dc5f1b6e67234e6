"""Clips: read frame by frame, painted steadily, written with their sound and times. Needs the extra ``video``."""
