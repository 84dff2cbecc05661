"""The commands of `tradewarn`, grouped by what a person comes for. Each is a thin door to the rooms."""
