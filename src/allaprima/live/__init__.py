"""Live painting: from a camera, a screen, a file or a stream to a page in the browser, the newest frame only."""
