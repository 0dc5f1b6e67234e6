"""Millions of pictures on many machines: one function over paths, carried by an engine that exists already.

Pictures never travel through the engine. What travels are names (``rows.py``); each worker reads a picture from where
it lies and puts the result in its place whole, with a stamp of how it was made. A row that an engine runs twice, or
that a killed worker leaves behind, is therefore done once: whoever comes next finds the result, or paints it.
"""
