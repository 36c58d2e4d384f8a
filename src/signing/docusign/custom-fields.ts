/** The custom fields that tie an envelope to its deal: they come back with each reading and each event. */
import type { CustomFields } from './schemas.js';

/** Of a name and of a value (eSignature reference). */
const LONGEST = 100;
const EXTERNAL_ID = 'external_id';
const CLIENT_REFERENCE_ID = 'client_reference_id';
/** Goes on where the first field ends. */
const REST = '_rest';

export interface Ids {
  externalId: string;
  clientReferenceId: string;
}

export interface CustomField {
  name: string;
  value: string;
  show: 'false';
  required: 'false';
}

/** Our ids are kept whole, in two fields where one is too short; the CRM's own words are cut. */
export function customFieldsOf(
  { externalId, clientReferenceId }: Ids,
  metadata: Readonly<Record<string, string>> = {},
): { textCustomFields: CustomField[] } {
  const ours = [...pieces(EXTERNAL_ID, externalId), ...pieces(CLIENT_REFERENCE_ID, clientReferenceId)];
  const taken = new Set(ours.map(([name]) => name));
  const others = Object.entries(metadata).filter(([name, value]) => !taken.has(name) && value !== '');
  return {
    textCustomFields: [...ours, ...others].map(([name, value]) => ({
      name: name.slice(0, LONGEST),
      value: value.slice(0, LONGEST),
      show: 'false',
      required: 'false',
    })),
  };
}

/** What `custom_field` of a list asks for; others may share it, so each row is to be checked. */
export function searchFor(externalId: string): string {
  return `${EXTERNAL_ID}=${externalId.slice(0, LONGEST)}`;
}

/** Null where there is none. */
export function idsIn(fields: CustomFields | null | undefined): { [Id in keyof Ids]: string | null } {
  const valueOf = (name: string): string => fields?.textCustomFields.find((field) => field.name === name)?.value ?? '';
  const whole = (name: string): string | null => valueOf(name) + valueOf(`${name}${REST}`) || null;
  return { externalId: whole(EXTERNAL_ID), clientReferenceId: whole(CLIENT_REFERENCE_ID) };
}

function pieces(name: string, value: string): (readonly [string, string])[] {
  const rest = value.slice(LONGEST);
  return [[name, value.slice(0, LONGEST)], ...(rest === '' ? [] : [[`${name}${REST}`, rest] as const])];
}
