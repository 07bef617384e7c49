"""The web page: forms that work without script, for a clinician who asks about one patient."""
