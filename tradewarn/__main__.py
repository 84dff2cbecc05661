"""`python -m tradewarn` is `tradewarn`."""

from tradewarn.cli import main

main()
