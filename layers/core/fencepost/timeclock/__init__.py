"""The time clock: actions, time entries, refusals and offline punches."""
