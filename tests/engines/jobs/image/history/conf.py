"""Its settings: the time to live would be the text of a variable."""

db_expiration = "604800"
