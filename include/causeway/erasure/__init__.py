"""The right to erasure: what is known of each erasure, and offline rows without a record."""
