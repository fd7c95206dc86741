"""`python -m example_site --hub http://127.0.0.1:8080 --port 8090` serves the site on loopback."""

from __future__ import annotations

import argparse
import os

from example_site.app import create_app


def main() -> None:
    """Read the options and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="example_site", description=__doc__)
    parser.add_argument("--hub", default=os.environ.get("OWC_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--parent-pid", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parent_pid is not None:
        from owc.cli.serve import (
            end_with_parent,
        )  # only for `owc demo`: the site needs no hub's code

        end_with_parent(options.parent_pid)
    try:
        app = create_app(options.hub)
    except ValueError as error:
        parser.error(str(error))
    app.run(host=options.host, port=options.port, threaded=True)


if __name__ == "__main__":
    main()
