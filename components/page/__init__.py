"""The page for people: one cluster on one page of Markdown."""

from components.faces import kapitan_main

main = kapitan_main("page")
