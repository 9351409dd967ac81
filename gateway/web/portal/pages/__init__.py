"""One file for each group of pages; their rows together are the table in `gateway.web.portal.rows`."""
