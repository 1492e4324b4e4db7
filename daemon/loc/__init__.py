"""Orders for the close, as people are shown them: live, planned for tomorrow, in words."""
