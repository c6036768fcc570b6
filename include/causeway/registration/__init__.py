"""Registration of a candidate: the request, the comparison, the artifact's manifest."""
