"""How an exchange with the identity provider can fail, in three kinds: theirs, the person's, and none of ours."""

from __future__ import annotations

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


class ExchangeFailed(Exception):
    """The answer is no sign-in; the texts hold no personal data and go to the log alone."""


class Unreachable(ExchangeFailed):
    """V1: no answer, no XML, a SOAP fault, an answer too big."""


class Rejected(ExchangeFailed):
    """A check of identity.md §2.9 stands against the answer; `rule` is its number (`V7`) or a word."""

    def __init__(self, rule: str, detail: str) -> None:
        self.rule = rule
        super().__init__(f"{rule}: {detail}")


class Unsuccessful(ExchangeFailed):
    """The provider says so itself; `status` is the most specific code without its prefix (`AuthnFailed`)."""

    def __init__(self, status: str) -> None:
        self.status = status.removeprefix(STATUS)
        super().__init__(self.status)
