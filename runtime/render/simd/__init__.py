"""C++ that kernels are made of, for vector units and GPUs alike, see `begin.h`."""
