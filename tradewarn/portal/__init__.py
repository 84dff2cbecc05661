"""The portal: public query pages in Chinese and English, the API, and the feed. Reads only; every page is a URL."""
