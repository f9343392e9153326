"""KML 2.2 (OGC 07-147r2): read from whatever producers write, written for maps to open."""
