"""Cohorts: many patients from files, decided by the rules of the bedside as columns, with a report."""
