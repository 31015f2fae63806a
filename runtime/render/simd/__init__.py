"""C++ that the renderer's kernels are made of."""
