"""The application object that servers import."""

import os

from api.app import create_app
from api.cds_hooks.audit import write_audit
from api.deployment.intact import check_intact
from api.page.warm import warmed
from api.running.journal import take_over
from api.running.run import leave_soon, share_time
from api.settings import read_settings

check_intact()
write_audit()
share_time()
app = create_app(read_settings(os.environ))
app.router.lifespan_context = warmed(app.router.lifespan_context)
take_over(app.state.running.journal)
app.state.running.is_served = True
app.state.running.close_at_end(leave_soon)
