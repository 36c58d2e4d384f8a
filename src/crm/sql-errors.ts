/** What PostgreSQL's errors mean for a deal. */
import pg from 'pg';
import { CrmError } from './crm.js';

/**
 * Classes of SQLSTATE a repeat cannot mend: feature not supported, bad data, broken constraint, authorization,
 * no such database, no such schema, privilege or syntax. All else (lost connections, serialization, resources, shutdown,
 * time-outs, a standby that takes no writes) may work later.
 */
const REFUSED = new Set(['0A', '22', '23', '28', '3D', '3F', '42']);

const SCHEMA_BEHIND = new Set(['42P01', '42703']);

/** Never carries the server's detail, nor the message of bad data: both can quote what was written. */
export function sqlError(error: unknown, doing: string): CrmError {
  if (error instanceof CrmError) return error;
  const failure = `PostgreSQL failed ${doing}`;
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
    return new CrmError('unavailable', `${failure}: ${words(error)}`, { cause: error });
  }
  const kind = REFUSED.has(error.code.slice(0, 2)) ? 'refused' : 'unavailable';
  if (SCHEMA_BEHIND.has(error.code)) {
    return new CrmError(kind, `${failure}: the schema is behind (${error.code}): run npm run setup.`);
  }
  const about = /^2[23]/.test(error.code) ? (error.constraint ?? error.column ?? 'bad value') : error.message;
  return new CrmError(kind, `${failure}: ${about} (SQLSTATE ${error.code})`);
}

/** Connecting to a name with several addresses fails with an empty message and a code. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
