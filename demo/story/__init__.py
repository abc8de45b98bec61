"""The story that the demo tells. Whatever a person does in it goes through the action that this person would call."""
