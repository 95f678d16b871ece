"""One's own data as a file: asked for on a page, built by a job, fetched by its owner."""
