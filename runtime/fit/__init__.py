"""Does this size fit: ease, strain and pressure by region, a recommended size, pictures."""
