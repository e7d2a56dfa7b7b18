"""Vitrage's API, whose wheel lacks the file that puts it together."""

import sys
from pathlib import Path

import waitress
from vitrage.api import app
from vitrage.common import config

PASTE = """\
[composite:vitrage+keystone]
use = egg:Paste#urlmap
/ = root
/v1 = signed
[app:root]
paste.app_factory = vitrage.api.app:app_factory
root = vitrage.api.controllers.root.VersionsController
[pipeline:signed]
pipeline = authtoken v1
[app:v1]
paste.app_factory = vitrage.api.app:app_factory
root = vitrage.api.controllers.v1.root.V1Controller
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
oslo_config_project = vitrage
"""


def main() -> None:
    """Serve it on a port."""
    port, settings = sys.argv[1:]
    paste = Path(settings).with_name("api-paste.ini")
    paste.write_text(PASTE, encoding="utf-8")
    config.parse_config(["vitrage-api", "--config-file", settings])
    app.CONF.set_override("paste_config", str(paste), "api")
    waitress.serve(app.load_app(), listen=f"127.0.0.1:{port}", threads=4)


main()
