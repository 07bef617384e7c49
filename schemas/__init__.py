"""The nouns: what we can talk about. Imports none of the other rooms."""
