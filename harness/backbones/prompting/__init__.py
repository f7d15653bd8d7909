"""A decoder asked: prompts, options, scores and answers in words."""
