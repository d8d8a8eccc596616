"""The load-balancer face: HAProxy's configuration, kernel settings, service limits."""

from components.faces import kapitan_main

main = kapitan_main("haproxy")
