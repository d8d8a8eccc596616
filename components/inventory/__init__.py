"""The inventory: files on disk -> the parameters of each cluster, with the places where they are written."""
