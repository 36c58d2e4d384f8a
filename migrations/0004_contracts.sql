-- Up Migration

-- One row an envelope: a deal that was amended has had several. What is signed of it is in `attachments`.
CREATE TABLE contracts (
  deal_id text NOT NULL,
  round integer NOT NULL,
  envelope_id text NOT NULL,
  version integer NOT NULL,
  document_type text NOT NULL,
  status text NOT NULL CHECK (status IN ('draft', 'out', 'signed', 'closed', 'replaced')),
  drafted_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (deal_id, round, envelope_id),
  CONSTRAINT contract_of_a_deal FOREIGN KEY (deal_id, round) REFERENCES deals (deal_id, round) ON DELETE CASCADE
);

CREATE INDEX contracts_envelope ON contracts (envelope_id);

INSERT INTO contracts (deal_id, round, envelope_id, version, document_type, status)
SELECT deal_id, round, deals.envelope_id, deals.version, document_type, billing.status
FROM deals JOIN billing USING (deal_id, round)
WHERE deals.envelope_id IS NOT NULL;

-- Down Migration

DROP TABLE contracts;
