"""Breaks of tests/compiled/checks/haproxy.py."""

import re
from dataclasses import replace

from components.cluster.types import Keepalived
from components.haproxy.files import files
from tests.compiled import reckoned
from tests.compiled.breaking import breaks
from tests.compiled.checks import haproxy
from tests.compiled.tree import Absent, Tree
from tests.haproxy.configuration import CONFIG, LIMITS, SYSCTL


def _edit(tree: Tree, file: str, old: str, new: str) -> str:
    """An edit wherever the words stand; they must stand somewhere."""
    path = f"haproxy/{file}"
    if old not in tree.files[path]:
        raise Absent(f"{path} has no {old!r}")
    tree.files[path] = tree.files[path].replace(old, new)
    return ""


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "lacks 'bind :")
def passwords_in_plain_text(tree: Tree) -> str:
    return _edit(tree, CONFIG, f" ssl crt {tree.parameters['platform']['haproxy']['paths']['certificate']}\n", "\n")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "global lacks 'ssl-default-bind-options ")
def an_old_version_of_tls(tree: Tree) -> str:
    return _edit(tree, CONFIG, "ssl-min-ver TLSv1.2", "ssl-min-ver TLSv1.0")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "there is no listen vernemq-mqtts")
def a_listener_of_another_name(tree: Tree) -> str:
    return _edit(tree, CONFIG, "listen vernemq-mqtts\n", "listen mqtts\n")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "vernemq-mqtts lacks 'server ")
def a_server_of_another_node(tree: Tree) -> str:
    (address, *_) = next(iter(one.nodes.values() for one in reckoned.listeners(tree.parameters) if one.devices), ("",))
    return _edit(tree, CONFIG, f" {address}:", " 192.0.2.9:")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "nobody asked for 'server ")
def one_server_more(tree: Tree) -> str:
    return _edit(tree, CONFIG, "balance roundrobin\n", "balance roundrobin\n    server other 192.0.2.9:80\n")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "nobody asked for frontend other")
def a_door_that_nobody_asked_for(tree: Tree) -> str:
    tree.files[f"haproxy/{CONFIG}"] += "\nfrontend other\n    bind :9999\n"
    return ""


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "is there 2 times")
def a_section_twice(tree: Tree) -> str:
    tree.files[f"haproxy/{CONFIG}"] += "\nfrontend stats\n    bind 127.0.0.1:9999\n"
    return "frontend stats"


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "does not begin with")
def defaults_after_what_needs_them(tree: Tree) -> str:
    text = tree.files[f"haproxy/{CONFIG}"]
    defaults = re.search(r"^defaults\n(    .*\n)+", text, re.M)[0]
    return _edit(tree, CONFIG, defaults, "") + _edit(tree, CONFIG, "\nlisten ", f"\n{defaults}\nlisten ")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "stand in another order")
def refused_before_it_is_asked(tree: Tree) -> str:
    answer = "    http-request use-service prometheus-exporter if { path /metrics }\n"
    refusal = re.search(
        rf"{re.escape(answer)}(?:    #.*\n)*(    http-request deny.*\n)", tree.files[f"haproxy/{CONFIG}"]
    )
    if not refusal:
        raise Absent("nobody is refused")
    return _edit(tree, CONFIG, refusal[0], refusal[1] + answer)


@breaks(haproxy.limits_follow_from_the_inventory, f"{SYSCTL}: lacks 'net.core.somaxconn")
def a_short_queue(tree: Tree) -> str:
    return _edit(tree, SYSCTL, "net.core.somaxconn = ", "net.core.somaxconn = 1")


@breaks(haproxy.limits_follow_from_the_inventory, f"{LIMITS}: nobody asked for")
def a_limit_of_another_kind(tree: Tree) -> str:
    return _edit(tree, LIMITS, "LimitNOFILE", "LimitNPROC")


@breaks(haproxy.limits_follow_from_the_inventory, "begins outside of [Service]")
def a_limit_of_no_section(tree: Tree) -> str:
    return _edit(tree, LIMITS, "[Service]\n", "") + _edit(
        tree, LIMITS, "OOMScoreAdjust=-500\n", "OOMScoreAdjust=-500\n[Service]\n"
    )


@breaks(haproxy.the_numbers_suit_the_devices, "is less than the")
def fewer_sessions_than_its_listeners(tree: Tree) -> str:
    return (
        _edit(tree, CONFIG, f"    maxconn {reckoned.sessions(tree.parameters)}\n", "    maxconn 100\n") or "maxconn 100"
    )


@breaks(haproxy.the_numbers_suit_the_devices, "that HAProxy opens")
def fewer_files_than_sessions(tree: Tree) -> str:
    return _edit(tree, LIMITS, "LimitNOFILE=", "LimitNOFILE=1\n#") or "LimitNOFILE 1"


@breaks(haproxy.the_numbers_suit_the_devices, "fs.nr_open is below LimitNOFILE")
def fewer_files_than_the_unit_says(tree: Tree) -> str:
    return _edit(tree, SYSCTL, "fs.nr_open = ", "fs.nr_open = 1\n# ")


@breaks(haproxy.the_numbers_suit_the_devices, "do not fit into fs.file-max")
def no_room_for_a_reload(tree: Tree) -> str:
    return _edit(tree, SYSCTL, "fs.file-max = ", "fs.file-max = 1\n# ")


@breaks(haproxy.the_numbers_suit_the_devices, "cuts living devices")
def devices_that_may_be_silent_for_longer(tree: Tree) -> str:
    tree.parameters["scale"]["keepalive"] *= 2
    return ""


@breaks(haproxy.the_numbers_suit_the_devices, "10 processes do not fit into fs.file-max")
def more_old_processes_than_the_kernel_has_files_for(tree: Tree) -> str:
    return _edit(tree, CONFIG, "mworker-max-reloads ", "mworker-max-reloads 9 #")


@breaks(haproxy.the_numbers_suit_the_devices, "one side ends sessions")
def another_timeout_of_servers(tree: Tree) -> str:
    return _edit(tree, CONFIG, "timeout server ", "timeout server 9")


@breaks(haproxy.the_numbers_suit_the_devices, "before the kernel's verdict")
def probes_that_come_too_late(tree: Tree) -> str:
    return _edit(tree, SYSCTL, "net.ipv4.tcp_keepalive_time = ", "net.ipv4.tcp_keepalive_time = 9")


@breaks(haproxy.the_numbers_suit_the_devices, "a reload ends living sessions")
def sessions_that_outlive_a_reload(tree: Tree) -> str:
    return _edit(tree, CONFIG, "hard-stop-after ", "hard-stop-after 1s\n#")


@breaks(haproxy.the_numbers_suit_the_devices, "find too few source ports")
def more_devices_than_source_ports(tree: Tree) -> str:
    return _edit(tree, CONFIG, ":10240-65535", ":65500-65535")


@breaks(haproxy.the_numbers_suit_the_devices, "hold ports of others")
def source_ports_over_a_listener(tree: Tree) -> str:
    return _edit(tree, CONFIG, ":10240-65535", ":8000-65535")


@breaks(haproxy.the_numbers_suit_the_devices, "a broker is killed before it has")
def more_sessions_than_a_broker_holds(tree: Tree) -> str:
    return _edit(tree, CONFIG, "default-server maxconn ", "default-server maxconn 9")


@breaks(haproxy.the_numbers_suit_the_devices, "sessions each, too few for")
def brokers_that_refuse_devices(tree: Tree) -> str:
    return _edit(tree, CONFIG, "default-server maxconn ", "default-server maxconn 9 #")


@breaks(haproxy.the_numbers_suit_the_devices, "a broker is killed before it has the sessions of 2 listeners")
def limits_of_one_listener_stated_for_two(tree: Tree) -> str:
    return _stated(tree)


@breaks(haproxy.the_numbers_suit_the_devices, "2 listeners have too few sessions")
def two_listeners_that_refuse_devices(tree: Tree) -> str:
    return _stated(tree) + _edit(tree, CONFIG, "default-server maxconn ", "default-server maxconn 9 #")


def _stated(tree: Tree) -> str:
    """As if the inventory stated for each listener what follows from the rule for one."""
    ports = [one.port for one in reckoned.listeners(tree.parameters) if one.devices]
    if len(ports) != 2:
        raise Absent("devices have one listener")
    tree.parameters["scale"]["sessions_per_broker"] = dict.fromkeys(ports, 1)
    return ""


@breaks(haproxy.the_numbers_suit_the_devices, "devices of a lost broker back too late")
def a_brake_that_is_too_hard(tree: Tree) -> str:
    return _edit(tree, CONFIG, "rate-limit sessions ", "rate-limit sessions 1 #")


@breaks(haproxy.haproxy_cfg_says_what_the_inventory_says, "its tcp-check rules stand in another order")
def an_answer_before_the_question(tree: Tree) -> str:
    text = tree.files[f"haproxy/{CONFIG}"]
    lines = re.search(r"^(    tcp-check send-binary \S+\n)(    tcp-check expect \S+ \S+\n)", text, re.M)
    if lines is None:
        raise Absent("no server is asked")
    return _edit(tree, CONFIG, lines[0], lines[2] + lines[1])


@breaks(haproxy.the_numbers_suit_the_devices, "finds no room")
def no_room_for_those_who_come_back(tree: Tree) -> str:
    most = next((one.most for one in reckoned.listeners(tree.parameters) if one.devices), 0)
    return _edit(tree, CONFIG, f"    maxconn {most}\n", f"    maxconn {tree.parameters['scale']['devices']}\n")


def _shares_an_address(tree: Tree) -> str:
    """Another host beside the first, and keepalived on both; the second one's file."""
    balancer = tree.cluster.load_balancer
    hosts = (balancer.hosts[0], replace(balancer.hosts[0], name="second", address="192.0.2.2"))
    keepalived = Keepalived("192.0.2.100", "eth0", "1:2.2.8-1")
    balancer = replace(balancer, hosts=hosts, keepalived=keepalived)
    made = files(replace(tree.cluster, load_balancer=balancer))
    tree.files.update({f"haproxy/{name}": text for name, text in made.items() if name.endswith(".keepalived.conf")})
    tree.parameters["load_balancers"] = {host.name: {"address": host.address} for host in hosts}
    tree.parameters["load_balancer"]["shared"] = {
        "by": "keepalived",
        "address": keepalived.address,
        "interface": keepalived.interface,
    }
    assert haproxy.one_host_has_the_shared_address(tree) == []
    return "second.keepalived.conf"


@breaks(haproxy.one_host_has_the_shared_address, "keepalived has")
def an_address_that_nobody_shares(tree: Tree) -> str:
    name = _shares_an_address(tree)
    del tree.parameters["load_balancer"]["shared"]
    return name


@breaks(haproxy.one_host_has_the_shared_address, "lacks 'virtual_ipaddress")
def another_address_on_one_host(tree: Tree) -> str:
    name = _shares_an_address(tree)
    _edit(tree, name, "192.0.2.100/32", "192.0.2.101/32")
    return name


@breaks(haproxy.one_host_has_the_shared_address, "one number of 1 to 255")
def two_virtual_routers(tree: Tree) -> str:
    _edit(tree, _shares_an_address(tree), "virtual_router_id 100", "virtual_router_id 101")
    return ""


@breaks(haproxy.one_host_has_the_shared_address, "not {0}")
def a_virtual_router_without_a_number(tree: Tree) -> str:
    _shares_an_address(tree)
    for path in (path for path in tree.files if path.endswith(".keepalived.conf")):
        tree.files[path] = tree.files[path].replace("virtual_router_id 100", "virtual_router_id 0")
    return ""


@breaks(haproxy.one_host_has_the_shared_address, "with the same right")
def two_hosts_with_one_priority(tree: Tree) -> str:
    _edit(tree, _shares_an_address(tree), "priority 249", "priority 250")
    return ""
