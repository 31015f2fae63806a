"""Learning a garment's deformation field from simulated samples, and judging it on samples it never saw."""
