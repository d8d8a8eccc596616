"""What a cluster is made of, beside what is compiled: images, packages and files, and how long they are mended."""
