"""e-BOK: the public face of the core for modules: the hook marker and the contract types."""

from __future__ import annotations

from pluggy import HookimplMarker

from .contracts.admin import AuditAction, ConfigPage, HealthCheck, Level, SearchHit, Statistic, StatusRow, WorkItem
from .contracts.background import Daily, Event, Every, Job
from .contracts.contact import ContactTopic
from .contracts.domain import CustomerCode, DocumentRef, Notice, PendingEntry, Receivable
from .contracts.identity import LoginMethod, Permission, ProofField, RegistrationVerifier, Viewer
from .contracts.module import MigrationSource, Module
from .contracts.notifications import NotificationChannel, NotificationTemplate
from .contracts.privacy import PersonalDataSource
from .contracts.tytan import (
    Capability,
    Column,
    CopyTable,
    Delivery,
    Envelope,
    Kind,
    OutboxMessage,
    OutboxTarget,
    Outcome,
    Result,
    TytanSource,
)
from .contracts.web import CspSource, DashboardCard, HelpPage, MenuEntry, Mount, PublicEntry, SlotFragment, Zone

__version__ = "1.0.0"

hookimpl = HookimplMarker("ebok")

__all__ = [
    "AuditAction",
    "Capability",
    "Column",
    "ConfigPage",
    "ContactTopic",
    "CopyTable",
    "CspSource",
    "CustomerCode",
    "Daily",
    "DashboardCard",
    "Delivery",
    "DocumentRef",
    "Envelope",
    "Event",
    "Every",
    "HealthCheck",
    "HelpPage",
    "Job",
    "Kind",
    "Level",
    "LoginMethod",
    "MenuEntry",
    "MigrationSource",
    "Module",
    "Mount",
    "Notice",
    "NotificationChannel",
    "NotificationTemplate",
    "Outcome",
    "OutboxMessage",
    "OutboxTarget",
    "PendingEntry",
    "Permission",
    "PersonalDataSource",
    "ProofField",
    "PublicEntry",
    "Receivable",
    "RegistrationVerifier",
    "Result",
    "SearchHit",
    "SlotFragment",
    "Statistic",
    "StatusRow",
    "TytanSource",
    "Viewer",
    "WorkItem",
    "Zone",
    "hookimpl",
]
