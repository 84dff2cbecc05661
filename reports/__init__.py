"""The fourth room: who is concerned, and the bulletin that tells them."""
