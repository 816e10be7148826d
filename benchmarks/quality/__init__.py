"""How much the vectors reveal about classes that the network never saw."""
