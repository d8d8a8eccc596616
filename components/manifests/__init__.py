"""The manifests face: Kubernetes objects, one file a service with all its objects in it."""

from components.faces import kapitan_main

main = kapitan_main("manifests")
