"""The commands by what they are about; `api/cli.py` names them all."""
