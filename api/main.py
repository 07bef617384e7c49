"""The application object that servers import."""

import os

from api.app import create_app
from api.cds_hooks.audit import write_audit
from api.settings import read_settings

write_audit()
app = create_app(read_settings(os.environ))
