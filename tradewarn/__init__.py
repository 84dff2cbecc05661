"""tradewarn composes the rooms: settings, pipeline, command line and portal."""

__version__ = "0.1.0"
