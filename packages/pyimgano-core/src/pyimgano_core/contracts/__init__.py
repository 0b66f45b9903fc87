"""attrs classes that packages and files exchange: no I/O, no arrays."""
