"""(to come)"""

#: In the output; not committed.
MEMORY = ".remembered"
