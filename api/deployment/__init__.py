"""What a site needs to run the service: how to install, set up, check, back up and upgrade it."""
