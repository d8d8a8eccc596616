"""The kubeadm face: the script and configs that build the cluster Argo CD takes over."""

from components.faces import kapitan_main

main = kapitan_main("kubeadm")
