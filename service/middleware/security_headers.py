"""Headers of every response that restrict what a browser does with it."""

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"  # pages have their own
