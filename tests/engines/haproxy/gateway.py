"""nginx in the place of Kong, which is one: with the directives that Kong 2.2 makes of its compiled environment.

Each entry of proxy_listen becomes a `listen` with the same flags; real_ip_header and nginx_proxy_* become directives of
the server (its template nginx_kong.lua). Log-ins are limited by address, as Kong's rate-limiting does where it knows no
consumer: by the address that nginx has for the client at the end.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from components.cluster.types import Cluster, Frontend, Server
from tests.engines.haproxy.network import Host
from tests.engines.processes import Process
from tests.engines.programs import installed

#: Log-ins of one address that are let through at once; nginx's next one is a minute away.
LOGINS = 5
LOGIN = "/login"
#: A header of the answer to a log-in: who nginx says it was.
CALLER = "X-Caller"

_CONFIG = """
daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    limit_req_zone $binary_remote_addr zone=logins:1m rate=1r/m;
    server {{
        listen {listen};
{directives}
        location / {{ return 200 "{name} $request_uri"; }}
        location = {login} {{
            root {folder};
            add_header {caller} $remote_addr always;
            limit_req zone=logins burst={burst} nodelay;
            limit_req_status 429;
        }}
    }}
}}
"""


class Gateway:
    """Listens on the NodePort of `server`, as the port of Kong behind it would."""

    def __init__(self, cluster: Cluster, frontend: Frontend, server: Server, host: Host, folder: Path) -> None:
        self.host, self._port, self._folder = host, server.port, folder / f"nginx-{server.name}-{server.port}"
        self._folder.mkdir()
        (self._folder / LOGIN.removeprefix("/")).write_text("")
        service = cluster.service(frontend.service)
        env = {variable.name: variable.value for variable in service.container.env}
        entrance = next(port.entrance for port in service.exposed if port.name == frontend.port)
        (flags,) = (
            words[1:]
            for words in map(str.split, env["KONG_PROXY_LISTEN"].split(","))
            if words[0].endswith(f":{entrance}")
        )
        directives = {
            name.removeprefix("KONG_NGINX_PROXY_").removeprefix("KONG_").lower(): value
            for name, value in env.items()
            if name == "KONG_REAL_IP_HEADER" or name.startswith("KONG_NGINX_PROXY_")
        }
        self._config = self._folder / "nginx.conf"
        self._config.write_text(
            _CONFIG.format(
                folder=self._folder,
                listen=" ".join([f"{host.address}:{server.port}", *flags]),
                directives="".join(f"        {name} {value};\n" for name, value in directives.items()),
                name=f"{server.name}:{server.port}",
                login=LOGIN,
                caller=CALLER,
                burst=LOGINS - 1,
            )
        )
        self._process: Process | None = None

    def start(self) -> None:
        command = self.host.command(installed("nginx"), "-c", self._config, "-e", self._folder / "error.log")
        self._process = Process(f"nginx-{self.host.name}", command, self._folder)
        self._process.wait_until(self._listens, "listening", seconds=15)

    def _listens(self) -> bool:
        with suppress(OSError):
            return (self.host.address, self._port) in self.host.listening()
        return False

    def stop(self) -> None:
        if self._process:
            self._process.stop()
