"""How a method asks a model: what it shows, and how answers become scores."""
