"""Collections: photos that a person put together, and smart ones whose photos follow from rules."""
