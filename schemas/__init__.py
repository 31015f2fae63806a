"""JSON Schemas of every document dressform reads or writes, the types that mirror them, errors and units."""
