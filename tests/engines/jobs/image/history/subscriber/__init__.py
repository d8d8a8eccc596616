"""Where its programs are."""
