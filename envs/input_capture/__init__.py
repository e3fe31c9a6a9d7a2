"""What a person does on a screen, heard while they do it, and made into the actions that would do it again."""
