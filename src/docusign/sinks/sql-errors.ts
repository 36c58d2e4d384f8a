/** What PostgreSQL's errors mean for rows. */
import { SinkError } from '../rows.js';
import { codeOf } from './codes.js';

/** Classes of SQLSTATE that a repeat cannot mend: feature, data, constraint, authorization, database, schema, privilege or syntax, limit. */
const REFUSED = new Set(['0A', '22', '23', '28', '3D', '3F', '42', '54']);
const SCHEMA_BEHIND = new Set(['42P01', '42703', '3F000']);
const NO_PRIVILEGE = '42501';

/** True where the row is at fault: another one may pass. */
export function isAboutARow(error: unknown): boolean {
  return ['22', '23', '54'].includes(sqlStateOf(error)?.slice(0, 2) ?? '');
}

export function sqlSinkError(error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const state = sqlStateOf(error);
  if (state === undefined) {
    return new SinkError(
      'unavailable',
      `The database of DOCUSIGN_SINK does not answer (${codeOf(error)}): check DATABASE_URL.`,
    );
  }
  const failure = `The database of DOCUSIGN_SINK fails (SQLSTATE ${state})`;
  if (SCHEMA_BEHIND.has(state))
    return new SinkError('refused', `${failure}: its schema is behind, so run npm run setup.`);
  if (state === NO_PRIVILEGE) {
    return new SinkError(
      'refused',
      `${failure}: its user may not write, so grant SELECT and INSERT on docusign_events.`,
    );
  }
  return new SinkError(REFUSED.has(state.slice(0, 2)) ? 'refused' : 'unavailable', `${failure}.`);
}

function sqlStateOf(error: unknown): string | undefined {
  // Five characters with a digit: codes of the system (EPIPE) have none there.
  const code = codeOf(error);
  return error instanceof Error && 'severity' in error && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
