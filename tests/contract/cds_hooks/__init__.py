"""CDS Hooks: each line of the checklist is one test with the line's number in its name."""
