"""The decision log: what was answered, kept so that a later change is noticed."""
