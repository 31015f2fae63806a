"""Rasteriser, shading, shadows and antialiasing on CPU and CUDA."""
