"""The studio: a page that paints in the browser, and an HTTP API for other programs."""
