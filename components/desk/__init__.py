"""The machines of a cluster, worked on from one desk: over OpenSSH, by the cluster's own compiled bootstrap.sh.

What a step does stands in bootstrap/; here is only on which host it runs, after what, and what came of it.
"""
