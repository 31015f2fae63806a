"""Rasterisers that can stand behind the renderer: Warp's kernels, and PyTorch3D where it is installed."""
