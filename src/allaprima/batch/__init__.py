"""Many pictures: which there are, who paints them, and what became of each."""
