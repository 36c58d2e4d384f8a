/** What an error of Salesforce's API means for a deal (SOAP API Developer Guide, "Core Data Types", StatusCode; REST API, "Status Codes"). */
import { z } from 'zod';
import { CrmError } from '../crm.js';
import { masked } from '../masked.js';

const fault = z.object({
  errorCode: z.string(),
  message: z.string().default(''),
  fields: z.array(z.string()).catch([]).default([]),
});
type Fault = z.output<typeof fault>;

const PASSING = new Set([
  'UNABLE_TO_LOCK_ROW',
  'REQUEST_LIMIT_EXCEEDED',
  'REQUEST_RUNNING_TOO_LONG',
  'QUERY_TIMEOUT',
  'SERVER_UNAVAILABLE',
  'UNKNOWN_EXCEPTION',
  'CONCURRENT_REQUESTS_LIMIT_EXCEEDED',
  'TXN_SECURITY_METERING_ERROR',
]);

const MEANINGS: Readonly<Record<string, string>> = {
  API_CURRENTLY_DISABLED: 'the API is switched off for the organization',
  API_DISABLED_FOR_ORG: 'the edition or the profile of the user has no API: give the user "API Enabled"',
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: 'a trigger or flow of the organization failed on it',
  CANNOT_EXECUTE_FLOW_TRIGGER: 'a flow of the organization failed on it',
  INSUFFICIENT_ACCESS: 'the user may not do that: give it the permission set of docs/crm-salesforce.md',
  INSUFFICIENT_ACCESS_OR_READONLY:
    'the user may not change the record: give it the permission set of docs/crm-salesforce.md',
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 'the user may not see a record that is named there',
  INVALID_FIELD: 'there is no such field, or the user may not see it',
  INVALID_FIELD_FOR_INSERT_UPDATE: 'the user may not write the field: check its field-level security',
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: 'the list of the field has no such value',
  INVALID_SESSION_ID: 'it takes no session of this user: check the session settings of the app',
  INVALID_TYPE: 'the user may not see that kind of record',
  NOT_FOUND: 'the user may not see that kind of record',
  INVALID_TYPE_ON_FIELD_IN_RECORD: 'the field is of another type than docs/crm-salesforce.md asks for',
  JSON_PARSER_ERROR: 'the field is of another type than docs/crm-salesforce.md asks for',
  NUMBER_OUTSIDE_VALID_RANGE: 'the field holds fewer digits than docs/crm-salesforce.md asks for',
  REQUIRED_FIELD_MISSING: 'the organization requires a field that Countersign does not write',
  STORAGE_LIMIT_EXCEEDED: 'the storage of the organization is full',
  STRING_TOO_LONG: 'the field is too short: make it longer',
};

/** The codes of a failed call; empty where Salesforce was not reached. */
export function codesOf(error: unknown): string[] {
  return faultsOf(error).map(({ errorCode }) => errorCode);
}

/**
 * `doing` says what was tried, such as "update the opportunity"; `record` that one record was named by the address. An address that names only a kind of
 * record is not found either where the user may not see that kind. Values of fields are not shown.
 */
export function refusalOf(doing: string, error: unknown, record = false): CrmError {
  if (error instanceof CrmError) return error;
  const faults = faultsOf(error);
  const [first] = faults;
  if (!first) return new CrmError('unavailable', `Salesforce did not answer (${netCode(error)}).`, { cause: error });
  if (faults.some(({ errorCode }) => errorCode === 'ENTITY_IS_DELETED' || (record && errorCode === 'NOT_FOUND')))
    return new CrmError('gone', 'The opportunity was deleted in Salesforce.');
  if (faults.some(isPassing))
    return new CrmError('unavailable', `Salesforce could not ${doing} just now (${first.errorCode}).`);
  return new CrmError('refused', `Salesforce refused to ${doing}: ${faults.map(told).join('; ')}.`);
}

function isPassing({ errorCode }: Fault): boolean {
  return PASSING.has(errorCode) || /^ERROR_HTTP_(?:408|420|425|429|5\d\d)$/.test(errorCode);
}

function told({ errorCode, message, fields }: Fault): string {
  const code = /^\w{1,80}$/.test(errorCode) ? errorCode : 'unknown error';
  // What a validation rule says was written by the company for its people.
  if (code === 'FIELD_CUSTOM_VALIDATION_EXCEPTION') return `a validation rule says “${masked(message)}” (${code})`;
  const named = fields.length > 0 ? fields : namedFields(message);
  return `${MEANINGS[code] ?? 'see the code'} (${[code, ...named].join(', ')})`;
}

/** Queries and some writes name fields in their text only. */
function namedFields(message: string): string[] {
  const [, column] = /No such column '([\w.]+)'/.exec(message) ?? [];
  if (column !== undefined) return [column];
  const [, list] = /fields?:\s*([\w, ]+?)(?:\.|$)/i.exec(message) ?? [];
  return list?.split(/,\s*/).filter((name) => /^\w+$/.test(name)) ?? [];
}

/** jsforce puts one error of the answer into itself and several into `data`. */
function faultsOf(error: unknown): Fault[] {
  const many = z.object({ data: z.array(fault).min(1) }).safeParse(error);
  if (many.success) return many.data.data;
  const one = z.object({ data: fault }).safeParse(error);
  if (one.success) return [one.data.data];
  const own = fault.safeParse(error);
  return own.success ? [own.data] : [];
}

function netCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
