"""How fast and how large, as ratios from one run: ``make bench``, or ``python -m bench throughput idle …``."""
