"""Every change the schema has gone through: expand first, contract a release later."""
