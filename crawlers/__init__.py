"""The first room: what regulators published, read from their own responses. Facts and provenance, no opinion."""
