"""The pages of testing: what needs it, the bench, findings, and writing scenarios."""
