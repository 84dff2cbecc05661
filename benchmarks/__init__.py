"""Ratios against the bare library doing the same work, side by side in one run (`make bench`); kills, load and growth (`make soak`)."""
