-- Up Migration

-- Deals that want a contract, entered by the company's own programs and found by `countersign deals backfill`. `request` is the body of
-- POST /deals without dealId and round.
CREATE TABLE contract_requests (
  deal_id text NOT NULL,
  round integer NOT NULL DEFAULT 1 CHECK (round >= 1),
  request jsonb NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  -- Written by Countersign: why no contract came of it.
  problem text,
  PRIMARY KEY (deal_id, round)
);

-- Down Migration

DROP TABLE contract_requests;
