"""The sandbox's server process. It ends with the process that started it, whose pipe is its standard input."""

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
    """Serve until standard input ends; its first line has the settings, and standard output gets the port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    settings = json.loads(sys.stdin.readline())
    aws = StrictAws(tuple(settings["admin"]))
    app = StrictMiddleware(aws, DomainDispatcherApplication(create_backend_app), settings["token"])
    server = make_server("127.0.0.1", settings["port"], app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("port", server.port, flush=True)  # noqa: T201 - the parent process reads it
    server.serve_forever()


if __name__ == "__main__":
    main()
