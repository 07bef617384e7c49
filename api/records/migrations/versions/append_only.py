"""The database itself refuses what the program never does: to change or remove what was recorded.

An entry may go only when a prune recorded after it says so. In SQLite an `INSERT OR REPLACE` removes the old row
without asking the triggers of a DELETE, so inserts over something recorded are refused too.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PRUNED = "EXISTS (SELECT 1 FROM entries p WHERE p.kind = 'prune' AND p.through >= OLD.seq)"
_KEPT = f"OLD.kind = 'prune' OR NOT {_PRUNED}"

SQLITE = {
    "chain_kept": "BEFORE DELETE ON chain",
    "chain_not_changed": "BEFORE UPDATE ON chain",
    "chain_not_replaced": "BEFORE INSERT ON chain WHEN EXISTS "
    "(SELECT 1 FROM chain c WHERE c.seq = NEW.seq OR c.id = NEW.id)",
    "entries_kept": f"BEFORE DELETE ON entries WHEN {_KEPT}",
    "entries_not_changed": "BEFORE UPDATE ON entries",
    "entries_not_replaced": "BEFORE INSERT ON entries WHEN EXISTS "
    "(SELECT 1 FROM entries e WHERE e.seq = NEW.seq OR e.id = NEW.id)",
    "head_kept": "BEFORE DELETE ON head",
    "head_only_moves_on": "BEFORE UPDATE ON head WHEN NEW.seq <= OLD.seq",
}

POSTGRESQL = {
    "chain_kept": ("BEFORE DELETE OR TRUNCATE ON chain FOR EACH STATEMENT", "refuse"),
    "chain_not_changed": ("BEFORE UPDATE ON chain FOR EACH STATEMENT", "refuse"),
    "chain_not_replaced": ("BEFORE INSERT ON chain FOR EACH ROW", "follow"),
    "entries_kept": ("BEFORE DELETE ON entries FOR EACH ROW", "keep"),
    "entries_not_changed": ("BEFORE UPDATE ON entries FOR EACH STATEMENT", "refuse"),
    "entries_not_replaced": ("BEFORE TRUNCATE ON entries FOR EACH STATEMENT", "refuse"),
    "head_kept": ("BEFORE DELETE OR TRUNCATE ON head FOR EACH STATEMENT", "refuse"),
    "head_only_moves_on": ("BEFORE UPDATE ON head FOR EACH ROW", "move"),
}

FUNCTIONS = {
    "refuse": "RAISE EXCEPTION 'this log only grows';",
    "follow": "IF NEW.seq <= (SELECT coalesce(max(seq), 0) FROM chain) THEN "
    "RAISE EXCEPTION 'this log only grows'; END IF; RETURN NEW;",
    "keep": f"IF {_KEPT} THEN RAISE EXCEPTION 'this log only grows'; END IF; RETURN OLD;",
    "move": "IF NEW.seq <= OLD.seq THEN RAISE EXCEPTION 'this log only grows'; END IF; RETURN NEW;",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, when in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'this log only grows'); END"
            )
        return
    for name, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION steppedcare_log_{name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} END $$"
        )
    for name, (when, function) in POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION steppedcare_log_{function}()")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name in POSTGRESQL:
        op.execute(f"DROP TRIGGER {name} ON {name.partition('_')[0]}")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION steppedcare_log_{name}()")
