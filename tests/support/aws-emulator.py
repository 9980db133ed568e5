"""Serves moto on a free port of the loopback address, says which one, and ends with whoever started it."""

import io
import os
import sys
import threading

# The policies that AWS itself keeps; read when the first role is made.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

backend = DomainDispatcherApplication(create_backend_app)
one_at_a_time = threading.Lock()


def application(environ, start_response):
    """Conditional writes are atomic on AWS; moto looks and writes in two steps."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        # Read outside the lock: a slow or broken upload must not hold up the others.
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("the request ended early")
        environ["wsgi.input"] = io.BytesIO(body)
    with one_at_a_time:
        return backend(environ, start_response)


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
os.environ["MOTO_PORT"] = str(server.server_port)
threading.Thread(target=end_with_parent, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
