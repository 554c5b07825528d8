"""What goes over the wire, one module for each noun. Keys are camelCase unless the contract says otherwise."""
