"""A style model in the formats of other programs, with a report of how exactly it paints there.

It needs the extra ``train``, and for phones' formats ``litert`` or ``coreml``.
"""
