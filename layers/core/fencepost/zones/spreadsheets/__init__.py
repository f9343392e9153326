"""Tables of zones: CSV and XLSX files, and geocoding of their addresses."""
