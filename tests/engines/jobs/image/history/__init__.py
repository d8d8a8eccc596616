"""In place of the persister's package, as far as its start command knows it."""
