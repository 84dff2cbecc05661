"""One source = one `.yml` (what it is) + one `.py` (how to read it). `docs/adding-a-source.md` is the way in."""
