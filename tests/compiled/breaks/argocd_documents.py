"""Breaks of tests/compiled/checks/argocd_documents.py."""

from tests.compiled.breaking import breaks
from tests.compiled.checks.argocd_documents import (
    argocd_is_told_what_the_inventory_says,
)
from tests.compiled.tree import Object, Tree, first


def _document(tree: Tree, name: str) -> Object:
    return tree.documents[f"argocd/{name}.yml"][0]


@breaks(argocd_is_told_what_the_inventory_says, "nobody asked for finalizers")
def an_application_that_takes_its_objects_along(tree: Tree) -> str:
    _document(tree, "application")["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    return "application.yml"


@breaks(argocd_is_told_what_the_inventory_says, "automated: prune: is False")
def objects_that_stay_when_they_leave_git(tree: Tree) -> str:
    _document(tree, "application")["spec"]["syncPolicy"]["automated"]["prune"] = False
    return "application.yml"


@breaks(argocd_is_told_what_the_inventory_says, "source: path: is 'compiled'")
def an_application_of_every_cluster(tree: Tree) -> str:
    _document(tree, "application")["spec"]["source"]["path"] = "compiled"
    return "application.yml"


@breaks(argocd_is_told_what_the_inventory_says, "sourceRepos[0]: is '*'")
def a_project_of_every_repository(tree: Tree) -> str:
    _document(tree, "project")["spec"]["sourceRepos"] = ["*"]
    return "project.yml"


@breaks(argocd_is_told_what_the_inventory_says, "namespaceResourceWhitelist")
def a_project_with_a_kind_that_nobody_has(tree: Tree) -> str:
    _document(tree, "project")["spec"]["namespaceResourceWhitelist"].append({"group": "", "kind": "Secret"})
    return "project.yml"


@breaks(argocd_is_told_what_the_inventory_says, "clusterResourceWhitelist")
def a_project_that_allows_a_cluster_wide_kind_as_a_whole(tree: Tree) -> str:
    allowed = _document(tree, "project")["spec"]["clusterResourceWhitelist"]
    del first((one for one in allowed if "name" in one), "its Argo CD knows no names")["name"]
    return "project.yml"


@breaks(argocd_is_told_what_the_inventory_says, "destinations[0]: namespace")
def a_project_of_another_namespace(tree: Tree) -> str:
    _document(tree, "project")["spec"]["destinations"][0]["namespace"] = "*"
    return "project.yml"


@breaks(argocd_is_told_what_the_inventory_says, "lacks resource.customizations.health.")
def a_kind_without_a_health_check(tree: Tree) -> str:
    _document(tree, "argocd-cm")["data"].popitem()
    return "argocd-cm.yml"
