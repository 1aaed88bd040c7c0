"""What can happen, what we count, and when to wake someone: declared once, derived everywhere.

Standard library only: rules, services, telemetry, pages, and generators all read it.
"""
