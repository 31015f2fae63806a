"""Painting a garment's UV sheet: cloth, seams, stitches, applied pieces and prints, in metric lengths."""
