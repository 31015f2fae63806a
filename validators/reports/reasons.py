"""Why each rule matters: what goes wrong for whoever wears, draws or sells a garment that breaks it."""

REASONS: dict[str, str] = {}
