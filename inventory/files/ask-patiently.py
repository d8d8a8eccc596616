#!/usr/bin/env python3
"""Starts the program in its arguments, and stands between that and data-broker.

dojot's module for Python asks data-broker for the name of a topic while it starts: three times,
five seconds apart. Without an answer the service goes on without the topic until it is started
again. Here each question waits until data-broker has answered it, however late that is.
Questions come to DATA_BROKER_URL, an address of this pod; data-broker is at DATA_BROKER_ADDRESS.
It runs on the image's Python, which is 3.6.
"""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from urllib.parse import urlsplit

ADDRESS = os.environ["DATA_BROKER_ADDRESS"]
PAUSE = float(os.environ.get("DATA_BROKER_PAUSE_SECONDS", "2"))
# As long as data-broker has no connection to Kafka, it keeps who asks without an answer.
TIMEOUT = 10


def say(text):
    print(text, file=sys.stderr, flush=True)


def ask(path, headers):
    """Status, type and text of data-broker's answer. Raises OSError or HTTPException."""
    connection = HTTPConnection(ADDRESS, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.getheader("Content-Type", "application/json"), reply.read()
    finally:
        connection.close()


def answer(path, headers):
    """The first answer that does not say that data-broker failed."""
    told = None
    while True:
        try:
            found = ask(path, headers)
            wrong = "status %d" % found[0] if found[0] >= 500 else None
        except (OSError, HTTPException) as error:
            wrong = str(error) or type(error).__name__
        if wrong is None:
            if told:
                say("done: data-broker answered %s" % path)
            return found
        if wrong != told:
            say("waiting: data-broker at %s does not answer %s: %s" % (ADDRESS, path, wrong))
            told = wrong
        time.sleep(PAUSE)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {name: self.headers[name] for name in ("Authorization", "Accept") if name in self.headers}
        status, kind, text = answer(self.path, headers)
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except ConnectionError:
            say("failed: nobody waits for the answer to %s any more" % self.path)

    def log_message(self, *_):
        pass


class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: ask-patiently.py PROGRAM [ARGUMENT ...]")
    url = urlsplit(os.environ["DATA_BROKER_URL"])
    # It listens before the program starts: a question that comes early waits, too.
    server = Server((url.hostname, url.port), Handler)
    if os.fork() == 0:
        while True:
            child = os.fork()
            if child == 0:
                server.serve_forever()
            os.waitpid(child, 0)
            say("failed: the server of %s ended; it starts again" % url.geturl())
    server.server_close()
    os.execvp(sys.argv[1], sys.argv[1:])


main()
