"""Files by the SHA-256 of their content: written and fsynced before their row, checked whenever they are read (R51).

    kept = files.store(folder, content)              # outside any unit of work: it waits for the disk
    with runtime.database.unit_of_work() as session:
        files.record(session, kept, "application/xml")
    content = files.read(folder, kept.sha256)        # raises `Missing` or `Damaged`

`folder` is `files.folder_of(runtime.settings)`. A file without a row is swept after a week.
"""

from .service import Damaged, Kept, Missing, folder_of, forget, read, record, store

__all__ = ["Damaged", "Kept", "Missing", "folder_of", "forget", "read", "record", "store"]
