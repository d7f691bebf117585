"""labctl: runs a photothermal lab bench and checks the heating against the model as it goes."""

__version__ = "0.1.0"
