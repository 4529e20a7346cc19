"""The stack with toys in the place of its programs: real servers, real supervision, a start within two seconds.

Run as a program with the arguments of manage.py. TOY_WEB, where set, is a Python statement that the web runs instead of serving.
"""

import os
import sys

from reviewapp.standalone import entry, processes
from reviewapp.standalone.supervisor import Service

WEB = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args): pass
HTTPServer((sys.argv[1], int(sys.argv[2])), Page).serve_forever()
"""
# A leader with a child that ignores SIGTERM, as a pool process in the middle of its work would.
WORKER = """
import signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(600)
"""


def program(name: str, source: str, *arguments: str) -> Service:
    return Service(name, [sys.executable, "-c", source, *arguments])


def programs(*, host: str, port: int, **_: object) -> list[Service]:
    web = program("web", os.environ.get("TOY_WEB") or WEB, host, str(port))
    return [web, *(program(name, WORKER) for name in processes.WORKERS)]


def manage(name: str, *_: str) -> Service:
    return Service(name, [sys.executable, "-c", "pass"], may_finish=True)


if __name__ == "__main__":
    processes.programs, processes.manage = programs, manage
    sys.exit(entry.main(sys.argv[1:]))
