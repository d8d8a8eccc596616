"""The Argo CD face: AppProject, Application and what argocd-cm has to say."""

from components.faces import kapitan_main

main = kapitan_main("argocd")
