"""What a person may know, take along and have forgotten: documents they accepted, consents, export, deletion."""
