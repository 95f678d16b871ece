"""Who acts for whom: several customers under one login, delegations, groups, and the rights of staff."""
