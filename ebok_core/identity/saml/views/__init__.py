"""Pages of sign-in through login.gov.pl: the way there and back, what is missing, one's own link, the tasks."""
