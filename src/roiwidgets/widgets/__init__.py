"""What a person sees and touches; the only layer with Jupyter in it."""
