"""The routes, one module for each page of the contract."""
