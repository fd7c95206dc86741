"""The hub as one file: `python app.py` is `owc serve`, and `app:app` is what gunicorn serves.

    gunicorn -k gevent -w 1 app:app

With gunicorn the settings come from the environment (`OWC_*`); Redis and the RQ worker of a hub of
one machine are started with the app and stopped with the process.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before anything else is imported

if __name__ == "__main__":
    import sys

    from owc.cli import main

    main(["serve", *sys.argv[1:]])
else:
    from owc.factory import start_app

    app = start_app()
