"""The entrance: requests are authenticated, routed, validated, authorised and served."""
