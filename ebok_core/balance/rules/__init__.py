"""What money means: the parts of a balance, past days, the statement of account, interest. Pure; amounts in złoty."""

from .days import effective_due, holidays_of
from .history import Age, Allocation, Entry, Statement, StatementLine, ageing_of, balance_on, statement_of
from .interest import Accrual, Document, Segment, accrual_of, charged_days, interest, names, rounded, segments
from .parts import PARTS, PRINCIPAL, ZERO, Balance, LedgerLine, Side, balance_of, days_left, line_of, part_of, side_of
from .rates import COMMERCIAL, CONSUMER, KNOWN_ON, RateFault, Rates, rates_from_text, rates_to_text

__all__ = [
    "Accrual",
    "Age",
    "Allocation",
    "Balance",
    "COMMERCIAL",
    "CONSUMER",
    "Document",
    "Entry",
    "KNOWN_ON",
    "LedgerLine",
    "PARTS",
    "PRINCIPAL",
    "RateFault",
    "Rates",
    "Segment",
    "Side",
    "Statement",
    "StatementLine",
    "ZERO",
    "accrual_of",
    "ageing_of",
    "balance_of",
    "balance_on",
    "charged_days",
    "days_left",
    "effective_due",
    "holidays_of",
    "interest",
    "line_of",
    "names",
    "part_of",
    "rates_from_text",
    "rates_to_text",
    "rounded",
    "segments",
    "side_of",
    "statement_of",
]
