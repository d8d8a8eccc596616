"""Why something is as it is: a key of the parameters, or a line of a compiled file."""
