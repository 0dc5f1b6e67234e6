"""The evaluation: how good a style model is, beside the optimization that it replaces and beside networks of others.

It stands above both wings, painting and training, and may import either.
"""
