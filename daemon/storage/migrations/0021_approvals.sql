-- Orders that wait for a person's yes.
-- depends: 0031_ledger_entries

CREATE TABLE approvals (
    order_id    TEXT PRIMARY KEY REFERENCES parent_orders (id),
    nets        INTEGER NOT NULL,
    due_at      BIGINT,
    expires_at  BIGINT NOT NULL,
    decision    TEXT,
    decided_at  BIGINT
) WITHOUT ROWID;
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE decided_at IS NULL;
