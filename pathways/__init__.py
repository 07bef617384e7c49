"""The words: what a guideline says, as documents, and how they are loaded. Imports schemas only."""
