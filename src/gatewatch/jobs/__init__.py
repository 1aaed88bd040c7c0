"""What is done every so often, without anybody asking."""
