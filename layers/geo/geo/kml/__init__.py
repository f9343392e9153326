"""KML 2.2 (OGC 07-147r2): a reader of the files of many programs, and a writer for maps."""
