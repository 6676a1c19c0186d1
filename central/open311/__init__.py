"""Open311 GeoReport v2 with the service-request-updates extension, for clients that speak it."""
