-- Up Migration

-- One row a deal and round: what the CRM shows. A write whose version is not above the stored one is left aside.
CREATE TABLE deals (
  deal_id text NOT NULL,
  round integer NOT NULL CHECK (round >= 1),
  version integer NOT NULL,
  stage text NOT NULL,
  crm_stage text,
  document_type text NOT NULL,
  envelope_id text,
  review_url text,
  outcome text,
  reason text,
  signed_at timestamptz,
  signed_pdf_uri text,
  signed_pdf_sha256 text,
  signed_pdf_bytes bigint,
  signed_pdf_pages integer,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (deal_id, round)
);

CREATE INDEX deals_stage ON deals (stage, updated_at);
CREATE INDEX deals_envelope ON deals (envelope_id);

-- What billing goes by: written before the deal, in the same transaction.
CREATE TABLE billing (
  deal_id text NOT NULL,
  round integer NOT NULL CHECK (round >= 1),
  version integer NOT NULL,
  envelope_id text,
  status text NOT NULL CHECK (status IN ('draft', 'out', 'signed', 'closed')),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (deal_id, round)
);

CREATE INDEX billing_envelope ON billing (envelope_id);

-- The keys make attaching exactly-once: one signed PDF an envelope, and the same bytes never twice.
CREATE TABLE attachments (
  deal_id text NOT NULL,
  round integer NOT NULL,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  envelope_id text NOT NULL,
  uri text NOT NULL,
  bytes bigint NOT NULL,
  pages integer NOT NULL,
  attached_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (deal_id, round, sha256),
  CONSTRAINT one_signed_pdf_an_envelope UNIQUE (deal_id, round, envelope_id),
  CONSTRAINT attached_to_a_deal FOREIGN KEY (deal_id, round) REFERENCES deals (deal_id, round)
);

-- Down Migration

DROP TABLE attachments;
DROP TABLE billing;
DROP TABLE deals;
