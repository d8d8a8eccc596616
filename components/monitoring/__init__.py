"""Texts for the programs that watch the cluster: Cluster -> scrape configuration, rules, dashboards.

A library of contents, as components/manifests/gateway.py is: the manifests face mounts them.
"""
