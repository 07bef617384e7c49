"""The meaning: what the words mean for a patient. Imports schemas only; no clock, disk or network."""
