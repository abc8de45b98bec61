"""What the demo runs beside Slipway: a small search service in two versions, its traffic, its proxy, its mailbox."""
