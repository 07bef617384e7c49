"""Working backwards: from what should be so to a patient in whom it is so."""
