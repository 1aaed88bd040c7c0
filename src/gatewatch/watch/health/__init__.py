"""Whether the server can do its work: what probes and people ask first."""
