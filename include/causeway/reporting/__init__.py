"""What people are notified of: `alerts`, and where `reports` are stored."""
