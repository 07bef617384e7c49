"""Who may enter: credentials, what each address asks for, and how much one caller may ask."""
