"""A model behind an endpoint of the OpenAI protocol: what is sent, and what comes back."""
