"""What ``compare.py`` is made of: judges, indices, the photographs, curves, intervals, sheets."""
