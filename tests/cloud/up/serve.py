"""`serve.py PORT MODULE:ATTRIBUTE [ARGUMENT…]`: one WSGI application in one process, on the loopback."""

import importlib
import os
import sys

import waitress

_LARGEST_BODY = 1 << 32


def main() -> None:
    """Serve an application, or what a factory (`ATTRIBUTE()`) makes, under the arguments it reads itself."""
    port, wanted, *arguments = sys.argv[1:]
    module, _, attribute = wanted.partition(":")
    sys.argv = [os.environ.get("PROG", f"{module.partition('.')[0]}-api"), *arguments]
    found = getattr(importlib.import_module(module), attribute.removesuffix("()"))
    waitress.serve(
        found() if attribute.endswith("()") else found,
        listen=f"127.0.0.1:{port}",
        threads=6,
        ident=None,
        channel_timeout=300,
        max_request_body_size=_LARGEST_BODY,
    )


main()
