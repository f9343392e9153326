"""Totals and exports of time entries."""
