"""The relay: Tamis as a milter beside an MTA, its settings, its workers, and the notices that tell a seller."""
