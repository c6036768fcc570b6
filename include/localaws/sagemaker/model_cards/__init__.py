"""Model cards: content, versions, keys, events and exports."""
