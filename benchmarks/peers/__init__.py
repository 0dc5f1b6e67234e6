"""Networks of others as painters: what ``allaprima evaluate --painter`` and ``quality.py`` measure beside ours.

A module each, with a function ``painters(paintings, spec)`` as ``--painter MODULE:FUNCTION:SPEC`` calls it.
"""
