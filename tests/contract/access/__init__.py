"""Who may enter, as somebody meets it who knocks at every address."""
