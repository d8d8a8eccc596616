"""In place of history's own: what a pod's start changes before the persister reads it."""

# Seconds.
db_expiration = 7 * 24 * 3600
