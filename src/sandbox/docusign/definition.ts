/** Reads what a create says, as strictly as eSignature's reference and rules and limits do. */
import { randomInt, randomUUID } from 'node:crypto';
import type { CustomField, EnvelopeDocument, GivenTab, Recipient, RecipientKind, Subscription } from './envelope.js';
import { invalidParameter, Refusal } from './refusal.js';
import { readTabs } from './tabs.js';
import { readDocument } from './texts.js';

export type Given = Record<string, unknown>;

export const EMAIL = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]+$/;
/** Base64 of a document: larger ones go by multipart. */
const MAX_DOCUMENT_BYTES = 25 * 1024 * 1024;
const MAX_RECIPIENTS = 100;
const OTHER_RECIPIENTS = [
  'certifiedDeliveries',
  'agents',
  'editors',
  'intermediaries',
  'inPersonSigners',
  'seals',
  'witnesses',
  'notaries',
];

export function objectOf(value: unknown, name: string): Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidParameter(`${name} is not an object.`);
  return value as Given;
}

export function listOf(value: unknown, name: string): Given[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidParameter(`${name} is not a list.`);
  return value.map((entry) => objectOf(entry, name));
}

/** A text; numbers and booleans are taken for one. Null where it is left out. */
export function textOf(from: Given, name: string, longest = Infinity): string | null {
  const value = from[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw invalidParameter(`${name} is not a string.`);
  const text = String(value);
  if (text.length > longest) throw invalidParameter(`${name} is longer than ${longest} characters.`);
  return text;
}

export function isTrue(from: Given, name: string): boolean {
  const text = textOf(from, name);
  if (text !== null && text !== 'true' && text !== 'false')
    throw invalidParameter(`${name} is neither true nor false.`);
  return text === 'true';
}

export async function readDocuments(raw: unknown): Promise<EnvelopeDocument[]> {
  const documents: EnvelopeDocument[] = [];
  for (const [index, given] of listOf(raw, 'documents').entries()) {
    const documentId = numeralOf(given, 'documentId');
    if (documents.some((other) => other.documentId === documentId)) throw invalidParameter('documentId is said twice.');
    const name = textOf(given, 'name');
    if (name === null || name === '') throw invalidParameter('A document has no name.');
    const base64 = textOf(given, 'documentBase64') ?? '';
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0)
      throw invalidParameter('documentBase64 is not base64.');
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length > MAX_DOCUMENT_BYTES)
      throw new Refusal(400, 'ENVELOPE_EXCEEDS_MAXIMUM_SIZE', 'The document is too large.');
    const extension = (textOf(given, 'fileExtension') ?? /\.(\w+)$/.exec(name)?.[1] ?? 'pdf').toLowerCase();
    const read = await readDocument(bytes, extension);
    const order = Number(textOf(given, 'order') ?? index + 1);
    documents.push({ documentId, documentIdGuid: randomUUID(), name, order, ...read });
  }
  return documents;
}

export function readRecipients(raw: unknown): Recipient[] {
  if (raw === undefined || raw === null) return [];
  const given = objectOf(raw, 'recipients');
  for (const name of OTHER_RECIPIENTS)
    if (listOf(given[name], name).length > 0) throw invalidParameter(`The stand-in knows no ${name}.`);
  const recipients = (['signers', 'carbonCopies'] as const).flatMap((kind) =>
    listOf(given[kind], kind).map((one) => readRecipient(one, kind)),
  );
  checkRecipients(recipients);
  return recipients;
}

export function checkRecipients(recipients: readonly Recipient[]): void {
  if (recipients.length > MAX_RECIPIENTS)
    throw new Refusal(400, 'RECIPIENT_LIMIT_EXCEEDED', 'The maximum number of recipients has been exceeded.');
  if (new Set(recipients.map(({ recipientId }) => recipientId)).size < recipients.length)
    throw new Refusal(400, 'INVALID_RECIPIENT_ID', 'The recipientId is said twice.');
}

function readRecipient(given: Given, kind: RecipientKind): Recipient {
  const recipientId = textOf(given, 'recipientId') ?? '';
  if (!/^[1-9]\d*$/.test(recipientId) && !/^[0-9a-f-]{36}$/i.test(recipientId))
    throw new Refusal(400, 'INVALID_RECIPIENT_ID', 'The recipientId is neither a number nor a GUID.');
  const email = textOf(given, 'email', 100) ?? '';
  if (email !== '' && !EMAIL.test(email))
    throw new Refusal(400, 'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT', 'The email address for the recipient is invalid.');
  const routingOrder = Number(textOf(given, 'routingOrder') ?? '1');
  if (!Number.isInteger(routingOrder) || routingOrder < 1)
    throw invalidParameter('routingOrder is no positive number.');
  return {
    kind,
    recipientId,
    recipientIdGuid: randomUUID(),
    name: textOf(given, 'name', 100) ?? '',
    email,
    routingOrder,
    roleName: textOf(given, 'roleName'),
    clientUserId: textOf(given, 'clientUserId', 100),
    note: textOf(given, 'note', 1000),
    status: 'created',
    sentAt: null,
    deliveredAt: null,
    signedAt: null,
    declinedAt: null,
    declinedReason: null,
    tabs: [],
    unplaced: kind === 'signers' ? readTabs(given['tabs']) : refuseTabs(given['tabs']),
  };
}

function refuseTabs(raw: unknown): GivenTab[] {
  if (readTabs(raw).length > 0) throw invalidParameter('Carbon copies take no tabs.');
  return [];
}

export function readCustomFields(raw: unknown): CustomField[] {
  if (raw === undefined || raw === null) return [];
  const given = objectOf(raw, 'customFields');
  return listOf(given['textCustomFields'], 'textCustomFields').map((field, index) => ({
    fieldId: textOf(field, 'fieldId') ?? String(10_000_000 + index),
    name: textOf(field, 'name', 100) ?? '',
    value: textOf(field, 'value', 100) ?? '',
    show: String(isTrue(field, 'show')),
    required: String(isTrue(field, 'required')),
  }));
}

/** One object, or a list of them. */
export function readSubscriptions(raw: unknown, httpsOnly: boolean): Subscription[] {
  if (raw === undefined || raw === null) return [];
  const list = Array.isArray(raw) ? listOf(raw, 'eventNotification') : [objectOf(raw, 'eventNotification')];
  return list.map((given) => {
    const url = textOf(given, 'url') ?? '';
    if (!URL.canParse(url) || !(httpsOnly ? /^https:/ : /^https?:/).test(url))
      throw invalidParameter('The url of eventNotification is no https address.');
    const data = given['eventData'] === undefined ? {} : objectOf(given['eventData'], 'eventData');
    const strings = (from: Given, name: string): string[] => {
      const value = from[name] ?? [];
      if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string'))
        throw invalidParameter(`${name} is no list of strings.`);
      return value;
    };
    return {
      configurationId: randomInt(1_000_000, 2_000_000_000),
      url,
      events: strings(given, 'events'),
      includeData: strings(data, 'includeData'),
      includeHmac: isTrue(given, 'includeHMAC'),
      requireAcknowledgment: isTrue(given, 'requireAcknowledgment'),
      json: textOf(data, 'version') === 'restv2.1' && (textOf(data, 'format') ?? 'json') === 'json',
    };
  });
}

/** Days until a sent envelope expires, and its reminders; 120 days where nothing is said. */
export function readNotification(raw: unknown): {
  expireAfter: number | null;
  reminders: Record<string, string> | null;
} {
  if (raw === undefined || raw === null) return { expireAfter: 120, reminders: null };
  const given = objectOf(raw, 'notification');
  if (isTrue(given, 'useAccountDefaults')) return { expireAfter: 120, reminders: null };
  const expirations = given['expirations'] === undefined ? null : objectOf(given['expirations'], 'expirations');
  const reminders = given['reminders'] === undefined ? null : objectOf(given['reminders'], 'reminders');
  const days = Number((expirations && textOf(expirations, 'expireAfter')) ?? 120);
  if (!Number.isInteger(days) || days < 0 || days > 999) throw invalidParameter('expireAfter is no number of days.');
  return {
    expireAfter: expirations && !isTrue(expirations, 'expireEnabled') ? null : days,
    reminders: reminders && Object.fromEntries(Object.entries(reminders).map(([name, value]) => [name, String(value)])),
  };
}

function numeralOf(given: Given, name: string): string {
  const text = textOf(given, name) ?? '';
  if (!/^[1-9]\d{0,9}$/.test(text) || Number(text) > 2_147_483_647)
    throw invalidParameter(`${name} is no number of 1 to 2147483647.`);
  return text;
}
