"""Assets made to be validated: a sound one, and for every rule one that breaks it."""
