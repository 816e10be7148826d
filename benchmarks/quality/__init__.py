"""Quality of the vectors: separation of classes that the network never saw."""
