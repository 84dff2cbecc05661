"""The third room: storing, searching, versions, event clusters and the change log that is the feed."""
