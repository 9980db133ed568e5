"""Serves moto on a free port of the loopback address, says which one, and ends with whoever started it."""

import io
import json
import os
import sys
import threading

# The policies that AWS itself keeps; read when the first role is made, and again after each reset.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
# Images of machines, of which we start none, would take a second after each reset.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto import backends
from moto.iam import models as iam
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

# Of more than 1,500 policies those of the services that jobs run on.
policies = json.loads(iam.aws_managed_policies_data)
services = ("EMR", "ElasticMapReduce", "Glue")
iam.aws_managed_policies_data = json.dumps(
    {name: each for name, each in policies.items() if any(part in name for part in services)}
)

# moto looks through its own folders with every request, which is a third of the time it takes.
modules = list(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules

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


class Handler(MotoRequestHandler):
    def log_request(self, *_):
        """Nobody reads a line for each request."""


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
os.environ["MOTO_PORT"] = str(server.server_port)
threading.Thread(target=end_with_parent, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
