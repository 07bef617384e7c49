"""Proofs over all patients: the network of conclusions read by a solver. Imports Z3; imported only when asked."""
