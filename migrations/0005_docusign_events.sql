-- Up Migration

-- One row a record of DocuSign's audit feeds. The key tells a record that comes again; `event` is the record with what the dashboards go by.
CREATE TABLE docusign_events (
  feed text NOT NULL,
  key text NOT NULL,
  _time timestamptz NOT NULL,
  source_log_type text NOT NULL,
  vendor text NOT NULL,
  product text NOT NULL,
  event jsonb NOT NULL,
  -- Null for a record that stands here as it came; else what had to be changed for the database to take it.
  altered text,
  received_at timestamptz NOT NULL DEFAULT now(),
  -- Cut, since an index takes no long values.
  object text GENERATED ALWAYS AS (left(event ->> 'object', 200)) STORED,
  action text GENERATED ALWAYS AS (left(event ->> 'action', 200)) STORED,
  user_id text GENERATED ALWAYS AS (lower(left(event ->> 'userId', 200))) STORED,
  integration_key text GENERATED ALWAYS AS (lower(left(event ->> 'integratorKey', 200))) STORED,
  PRIMARY KEY (feed, key)
);

CREATE INDEX docusign_events_time ON docusign_events (feed, _time, key);
CREATE INDEX docusign_events_what ON docusign_events (object, action, _time) WHERE feed = 'customer-events';
CREATE INDEX docusign_events_integration_key ON docusign_events (integration_key, _time, key) WHERE feed = 'customer-events';

-- Down Migration

DROP TABLE docusign_events;
