"""The accounts of the configuration, each with the adapter of its broker."""
