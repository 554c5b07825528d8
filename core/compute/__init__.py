"""Where heavy functions run: worker processes of this machine."""

from core.compute.local import Compute, LocalCompute

__all__ = ["Compute", "LocalCompute"]
