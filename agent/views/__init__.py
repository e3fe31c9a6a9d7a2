"""What a person looks at: the terminal, the live page, reports. One-way: a view never decides."""
