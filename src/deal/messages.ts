/**
 * What the outside may tell a deal. The payloads arrive from programs and from people who type JSON into Temporal's UI,
 * so each has a hand-written reader (no library runs in the workflow) that answers a value or what is wrong with it.
 */
import type { Party } from './party.js';
import type { Stage } from './stages.js';

/** Names of the workflow, its signals and updates (the same name serves both kinds) and its query. */
export const WORKFLOW_TYPE = 'signDeal';
export const MESSAGES = ['review', 'cancel', 'amend', 'resume', 'remind'] as const;
export type MessageName = (typeof MESSAGES)[number];
/** What people do with a deal: the messages, a review told apart by its decision. */
export const ACTIONS = ['approve', 'reject', 'amend', 'remind', 'resume', 'cancel'] as const;
export type Action = (typeof ACTIONS)[number];

export const EVENT_SIGNAL = 'envelopeEvent';
export const DEAL_QUERY = 'deal';

export interface Review {
  decision: 'approve' | 'reject';
  reviewer: string;
  /** The `fields_version` the reviewer looked at; without it the version at the moment of approval counts. */
  fieldsVersion?: number;
  note?: string;
}
export interface Cancel {
  reason: string;
  by: string;
}
export interface Amend {
  parties?: Party[];
  document?: { uri: string };
  by: string;
  reason: string;
}
export interface Resume {
  by: string;
  note?: string;
}
export interface Remind {
  by: string;
}

/** A provider's event as the gateway accepted it: a hint that the envelope may have changed, never the truth itself. */
export interface EnvelopeEvent {
  event: string;
  envelopeId: string;
  receivedAt: string;
  deliveryId: string;
}

/** Answer of an update: `repeat` when the deal had already taken the same message. */
export interface Taken {
  taken: 'accept' | 'repeat';
  stage: Stage;
}

export type Read<T> = { value: T; problem?: undefined } | { value?: undefined; problem: string };

type Fields = Record<string, unknown>;

function isFields(input: unknown): input is Fields {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

/** The fields of a payload. People paste JSON where a text is asked for, so a text that holds an object will do too. */
function fieldsOf(input: unknown): Fields | undefined {
  if (isFields(input)) return input;
  if (typeof input !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(input);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Who speaks: `by`, or `reviewer` as reviews have it; people mix them up. */
function speaker(fields: Fields): string | undefined {
  return text(fields, 'by') ?? text(fields, 'reviewer');
}

function decisionIn({ decision }: Fields): Review['decision'] | undefined {
  const word = typeof decision === 'string' ? decision.trim().toLowerCase() : '';
  return (['approve', 'reject'] as const).find(
    (known) => word === known || word === `${known}d` || word === `${known}ed`,
  );
}

const MAX_TEXT = 500;

/** Reads `name` as a non-empty line; too long a text is cut, since people paste whole mails into reasons. */
function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, MAX_TEXT) : undefined;
}

export function readReview(input: unknown): Read<Review> {
  const fields = fieldsOf(input);
  if (!fields) return { problem: 'review expects {"decision": "approve" | "reject", "reviewer": "name"}' };
  const { fieldsVersion } = fields;
  const decision = decisionIn(fields);
  if (!decision) return { problem: 'decision must be "approve" or "reject"' };
  const reviewer = text(fields, 'reviewer') ?? text(fields, 'by');
  if (!reviewer) return { problem: 'reviewer must name who decides' };
  const note = text(fields, 'note');
  if (fieldsVersion === undefined || fieldsVersion === null) {
    return { value: { decision, reviewer, ...(note && { note }) } };
  }
  if (typeof fieldsVersion !== 'number' || !Number.isInteger(fieldsVersion)) {
    return { problem: 'fieldsVersion must be a whole number, or left out' };
  }
  return { value: { decision, reviewer, fieldsVersion, ...(note && { note }) } };
}

export function readCancel(input: unknown): Read<Cancel> {
  const fields = fieldsOf(input) ?? {};
  const reason = text(fields, 'reason');
  const by = speaker(fields);
  return reason && by ? { value: { reason, by } } : { problem: 'cancel expects {"reason": "why", "by": "name"}' };
}

export function readResume(input: unknown): Read<Resume> {
  const fields = fieldsOf(input) ?? {};
  const by = speaker(fields);
  if (!by) return { problem: 'resume expects {"by": "name"}' };
  const note = text(fields, 'note');
  return { value: { by, ...(note && { note }) } };
}

export function readRemind(input: unknown): Read<Remind> {
  const by = speaker(fieldsOf(input) ?? {});
  return by ? { value: { by } } : { problem: 'remind expects {"by": "name"}' };
}

export function readAmend(input: unknown): Read<Amend> {
  const usage = 'amend expects {"parties"?: [...], "document"?: {"uri": "..."}, "by": "name", "reason": "why"}';
  const fields = fieldsOf(input);
  if (!fields) return { problem: usage };
  const by = speaker(fields);
  const reason = text(fields, 'reason');
  if (!by || !reason) return { problem: usage };
  const amend: Amend = { by, reason };
  if (fields.parties !== undefined) {
    const parties = readParties(fields.parties);
    if (parties.value === undefined) return { problem: parties.problem };
    amend.parties = parties.value;
  }
  if (fields.document !== undefined) {
    const uri = isFields(fields.document) ? text(fields.document, 'uri') : undefined;
    if (!uri) return { problem: 'document must be {"uri": "file:... or https:..."}' };
    amend.document = { uri };
  }
  if (!amend.parties && !amend.document) return { problem: 'amend needs new parties or a new document' };
  return { value: amend };
}

/** Reads a list of parties as `POST /deals` and `amend` take it; a missing `order` is the place in the list. */
export function readParties(input: unknown): Read<Party[]> {
  if (!Array.isArray(input) || input.length === 0)
    return { problem: 'parties must be a list with at least one signer' };
  const parties: Party[] = [];
  for (const [index, entry] of input.entries()) {
    const where = `parties[${index}]`;
    if (!isFields(entry)) return { problem: `${where} must be an object with an email` };
    const email = text(entry, 'email');
    if (!email || !/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(email))
      return { problem: `${where}.email must be an e-mail address` };
    const order = entry.order ?? index + 1;
    if (typeof order !== 'number' || !Number.isInteger(order) || order < 1) {
      return { problem: `${where}.order must be a whole number from 1` };
    }
    const name = text(entry, 'name');
    const role = text(entry, 'role');
    const kind = entry.role_type ?? entry.kind ?? 'signer';
    if (kind !== 'cc' && kind !== 'signer') return { problem: `${where}.role_type must be "cc" or left out` };
    parties.push({ email, order, kind, ...(name && { name }), ...(role && { role }) });
  }
  const signers = parties.filter((party) => party.kind === 'signer');
  if (signers.length === 0) return { problem: 'parties must hold at least one signer, not only cc' };
  if (new Set(signers.map((party) => party.order)).size < signers.length) {
    return { problem: 'two signers have the same order; they sign strictly in turn, so each needs its own' };
  }
  return { value: parties.sort((a, b) => a.order - b.order) };
}

export function readEnvelopeEvent(input: unknown): Read<EnvelopeEvent> {
  const usage = 'envelopeEvent expects {"event", "envelopeId", "receivedAt", "deliveryId"}';
  if (!isFields(input)) return { problem: usage };
  const event = text(input, 'event');
  const envelopeId = text(input, 'envelopeId');
  if (!event || !envelopeId) return { problem: usage };
  return {
    value: {
      event,
      envelopeId,
      receivedAt: text(input, 'receivedAt') ?? '',
      deliveryId: text(input, 'deliveryId') ?? '',
    },
  };
}

/** The reader of each message's payload. */
export const READERS = {
  review: readReview,
  cancel: readCancel,
  amend: readAmend,
  resume: readResume,
  remind: readRemind,
} as const satisfies Record<MessageName, (input: unknown) => Read<unknown>>;
