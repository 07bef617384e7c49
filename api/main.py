"""The application object that servers import."""

import os

from api.app import create_app
from api.settings import read_settings

app = create_app(read_settings(os.environ))
