"""The sandbox's process. It ends when whoever started it does: it watches its standard input."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tfmfa_nb.sandbox.strict_aws import StrictAws
from tfmfa_nb.sandbox.wsgi import StrictMiddleware


def main() -> None:
    """Serve until standard input ends; the job comes on its first line, the port goes to standard output."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    job = json.loads(sys.stdin.readline())
    aws = StrictAws(tuple(job["admin"]))
    app = StrictMiddleware(aws, DomainDispatcherApplication(create_backend_app), job["token"])
    server = make_server("127.0.0.1", job["port"], app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("port", server.port, flush=True)  # noqa: T201 - whoever started this reads it
    server.serve_forever()


if __name__ == "__main__":
    main()
