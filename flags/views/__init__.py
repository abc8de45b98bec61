"""The pages of flags, one module for each: what is read, and what can be pressed there."""
