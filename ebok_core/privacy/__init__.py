"""Personal data: documents and who agreed to them, consents, one's own data, deletion, and who looked at what.

`diary.service.seen(session, viewer, customer_code, what)` writes a line of a customer's diary, and
`consents.service.stands(session, account_id, code)` tells whether somebody may be written to with news.
"""
