"""What people may type about flags."""
