"""C++ in kernels, for vector units and GPUs alike, see `begin.h`."""
