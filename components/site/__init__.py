"""All pages of the repository as static HTML: the clusters', the documents, and each file that they lead to."""
