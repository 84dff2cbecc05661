"""The second room: which products and which risks a notice concerns, with grounds for every opinion."""
