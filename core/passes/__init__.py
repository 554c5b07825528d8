"""What runs at night: one module per pass, one shape for all.

A pass is a :class:`core.passes.shape.Pass`: a name, a title, and two functions. ``begin`` looks how much there is to
do; ``step`` does a slice of it and says how far it has come. Between slices the run is written down, gives way to
intake and people, and can be cancelled; after a restart or a power cut it goes on with what was written down last. All
passes stand in :mod:`core.passes.all`.
"""
