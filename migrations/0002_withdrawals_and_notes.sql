-- Up Migration

-- Set by the company's own programs to take a deal back; Countersign reads them and never writes them.
ALTER TABLE deals
  ADD COLUMN withdrawn_at timestamptz,
  ADD COLUMN withdrawn_reason text;

-- What a person should read about a deal, oldest version first. The key keeps a note to one row, however often it is written.
CREATE TABLE deal_notes (
  deal_id text NOT NULL,
  round integer NOT NULL,
  version integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  note text NOT NULL,
  PRIMARY KEY (deal_id, round, version),
  -- A company that deletes a deal wants no notes of it; a signed PDF, by contrast, keeps its deal.
  CONSTRAINT noted_on_a_deal FOREIGN KEY (deal_id, round) REFERENCES deals (deal_id, round) ON DELETE CASCADE
);

-- Down Migration

DROP TABLE deal_notes;
ALTER TABLE deals DROP COLUMN withdrawn_at, DROP COLUMN withdrawn_reason;
