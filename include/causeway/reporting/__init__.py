"""What people are told: alerts, and where reports are stored."""
