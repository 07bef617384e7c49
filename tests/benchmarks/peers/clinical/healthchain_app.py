"""The workload as a CDS Hooks service of HealthChain, whose rules are Python: as a person would write them.

Runs in the peers' own environment, without steppedcare; PEERS_RULES names the file of rules.
"""

import json
import os
from pathlib import Path

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import CDSRequest, CDSResponse

_space: dict = {}
exec(json.loads(Path(os.environ["PEERS_RULES"]).read_text("utf-8"))["python"], _space)

cds = CDSHooksService()


@cds.hook("patient-view", id="peers")
def peers(request: CDSRequest) -> CDSResponse:
    """Return one card with a letter for each conclusion."""
    found = _space["run"](request.prefetch["patient"])
    letters = "".join("t" if so else "f" for so in found)
    card = {
        "summary": "conclusions",
        "indicator": "info",
        "detail": letters,
        "source": {"label": "peers"},
    }
    return CDSResponse(cards=[card])


app = HealthChainAPI(title="peers")
app.register_service(cds)
