"""What the gateway is made of: the locks read, a bill of materials written, known holes looked up."""
