/**
 * Everything a deal knows, as plain data, and how its own steps change it. What messages do to it stands in `verdicts.ts`, what others
 * get to see of it in `showing.ts`. The workflow's handlers and its story work on the same object, so an early, late or repeated
 * message finds the same deal. It must stay plain JSON: a long-lived deal hands it over to its next run.
 */
import { openFigures, type Figures } from './figures.js';
import type { Amend, Cancel, Remind, Review } from './messages.js';
import { nobodySigned, type PartyProgress } from './party.js';
import { REFUSALS, type Refusal } from './refusals.js';
import { crmStageOf, type Transport } from './policy.js';
import type {
  Blocked,
  Credits,
  FieldsStatus,
  PinnedDocument,
  ReplacedEnvelope,
  SignedPdf,
  TimelineEntry,
} from './snapshot.js';
import { isFinal, type FinalStage, type Stage } from './stages.js';
import type { DealStart } from './start.js';

export interface Envelope {
  id: string;
  reviewUrl: string | null;
  /** Fingerprint of the API key that made it; null when that is not known. */
  apiKeyId: string | null;
  /** Its send is among the deal's credits. */
  charged: boolean;
  /** The version of the template it was made from. */
  templateVersion?: string;
}

/** A signal as it came, or a timer that fired (`TIMER`). */
export interface PutAside {
  name: string;
  input: unknown;
}

export const TIMER = 'timer';

/** The turn of one signer. */
export interface Turn {
  order: number;
  /** ISO 8601 instants. */
  since: string;
  lastReminded: string | null;
  /** Reminders by policy; what people asked for does not count. */
  reminders: number;
}

export interface DealState {
  start: DealStart;
  /** The deal's own time, ISO 8601: what it shows is dated by this, nothing is decided by it (`clock.ts` in the workflows). */
  clock: string;
  /** Events in the deal's history at that time, earlier runs included. */
  events: number;
  stage: Stage;
  since: string;
  blocked: Blocked | null;
  /** How often the deal was blocked in its present stage. */
  blockedTimes: number;
  /** The stage the last step led to, while the CRM has not yet taken it; null while a step is under way. */
  next: Stage | null;
  revision: number;
  /** How this revision's document travels; never changes within a revision, since keys do not dedupe across transports. */
  transport: Transport;
  /** The version of the document that this deal is about: another one only by an amend. */
  document: PinnedDocument | null;
  envelope: Envelope | null;
  fieldsStatus: FieldsStatus | null;
  fieldsVersion: number | null;
  parties: PartyProgress[];
  approval: Review | null;
  rejection: Review | null;
  cancel: Cancel | null;
  amend: Amend | null;
  reminder: Remind | null;
  /** It was not signed in time and is being voided. */
  expiring: boolean;
  /** Signals, and timers that fired, that have not yet taken effect, in their order. */
  inbox: PutAside[];
  /** A hint came in that the envelope changed; the truth is yet to be read back. */
  news: boolean;
  /** When the first of the events behind `news` came, ISO 8601; null while there is none. */
  newsSince: string | null;
  /** A local activity is under way: no update may be accepted meanwhile (see `atOnce` in the workflow's activities). */
  busy: boolean;
  /** Refusals met by the create and send of this revision: each repeat after one carries a new idempotency key. */
  turns: Record<'create' | 'send', number>;
  /** When the create and send of this revision were first tried, ISO 8601. */
  firstTried: Partial<Record<'create' | 'send', string>>;
  /** How long the provider may stay silent before it is asked again, in ms; twice as long after every quiet look. */
  patienceMs: number;
  /** Somebody was told that the review of this draft is overdue. */
  escalated: boolean;
  /** When the envelope went out, ISO 8601; null while it has not. */
  sentAt: string | null;
  turn: Turn | null;
  /** The approval of this envelope was entered for its template's version. */
  vouched: boolean;
  replaced: ReplacedEnvelope[];
  credits: Credits;
  figures: Figures;
  signedAt: string | null;
  signedPdf: SignedPdf | null;
  /** Why the deal ended as it did; null for a completed one. */
  reason: string | null;
  /** Number of the last write to the CRM: a later write carries a higher one. */
  crmVersion: number;
  /** Events in the histories of the deal's earlier runs. */
  eventsBefore: number;
  /** How often this run waited or was woken by time: a measure of its history that is the same in every replay. */
  stirrings: number;
  timeline: TimelineEntry[];
}

/** Entries kept; a deal of a year must stay a small payload, so the oldest but the first go. */
const TIMELINE_CAP = 200;

export function openDeal(start: DealStart, at: string): DealState {
  return {
    start,
    clock: at,
    events: 0,
    stage: 'preparing',
    since: at,
    blocked: null,
    blockedTimes: 0,
    next: null,
    revision: 1,
    transport: start.policy.upload,
    document: null,
    envelope: null,
    fieldsStatus: null,
    fieldsVersion: null,
    parties: nobodySigned(start.parties),
    approval: null,
    rejection: null,
    cancel: null,
    amend: null,
    reminder: null,
    inbox: [],
    news: false,
    newsSince: null,
    busy: false,
    turns: { create: 0, send: 0 },
    firstTried: {},
    expiring: false,
    patienceMs: start.policy.readBackFirstMs,
    escalated: false,
    sentAt: null,
    turn: null,
    vouched: false,
    replaced: [],
    credits: { spent: 0, refunded: 0 },
    figures: openFigures(at),
    signedAt: null,
    signedPdf: null,
    reason: null,
    crmVersion: 0,
    eventsBefore: 0,
    stirrings: 0,
    timeline: [{ at, what: `deal started: ${start.documentType}`, by: 'crm' }],
  };
}

export function note(deal: DealState, what: string, by = 'countersign'): void {
  deal.timeline.push({ at: deal.clock, what, by });
  if (deal.timeline.length > TIMELINE_CAP) deal.timeline.splice(1, 1);
}

/** Events that can move a deal. Everything else a provider tells is not worth an entry in a deal's history. */
export const MOVING_EVENTS = ['envelope.sent', 'envelope.signed', 'envelope.declined', 'envelope.voided'];

/** What a deal that sends or has sent its envelope knows already; the gateway asks too, since a signal costs four history events. */
export function isEcho(stage: string, event: string): boolean {
  return event === 'envelope.sent' && ['sending', 'out-for-signature', 'filing'].includes(stage);
}

/** Stands the deal still. A repeated refusal of the same kind is one entry on the timeline, however often it is met. */
export function block(deal: DealState, reason: Refusal, detail: string): void {
  deal.blocked = { reason, since: deal.clock, hint: REFUSALS[reason], detail };
  deal.blockedTimes += 1;
  deal.figures.blocked += 1;
  const what = `blocked: ${reason}${detail ? ` (${detail})` : ''}`;
  if (deal.timeline.at(-1)?.what !== what) note(deal, what);
}

/** A fresh draft with what the amend brought: own envelope, own keys, own review. */
export function reviseDeal(deal: DealState, amend: Amend): void {
  if (amend.parties) deal.start.parties = amend.parties;
  if (amend.document) {
    deal.start.document = amend.document;
    deal.document = null;
  }
  deal.revision += 1;
  deal.transport = deal.start.policy.upload;
  deal.envelope = null;
  deal.fieldsStatus = null;
  deal.fieldsVersion = null;
  deal.parties = nobodySigned(deal.start.parties);
  deal.approval = null;
  deal.rejection = null;
  deal.amend = null;
  deal.news = false;
  deal.newsSince = null;
  deal.turns = { create: 0, send: 0 };
  deal.firstTried = {};
  deal.escalated = false;
  deal.expiring = false;
  deal.sentAt = null;
  deal.turn = null;
  deal.vouched = false;
}

/** How the deal ends or has ended; null while that is open. It is settled before the CRM has taken it. */
export function endOf(deal: DealState): FinalStage | null {
  if (deal.next && isFinal(deal.next)) return deal.next;
  return isFinal(deal.stage) ? deal.stage : null;
}

/** Something that the step under way should not keep waiting. */
export function interrupted(deal: DealState): boolean {
  return deal.cancel !== null || deal.amend !== null || deal.expiring;
}

/** What every stage begins with. */
export function beginStage(deal: DealState, stage: Stage): void {
  deal.stage = stage;
  deal.since = deal.clock;
  deal.next = null;
  deal.blockedTimes = 0;
  deal.patienceMs = deal.start.policy.readBackFirstMs;
  if (stage === 'in-review') deal.escalated = false;
  if (stage === 'out-for-signature') {
    deal.sentAt ??= deal.clock;
    if (!deal.parties.some(({ status }) => status === 'pending' || status === 'signed')) {
      deal.parties = deal.parties.map((party, index) =>
        index === deal.parties.findIndex(({ status }) => status === 'waiting')
          ? { ...party, status: 'pending' }
          : party,
      );
    }
    takeTurn(deal);
  }
  note(deal, `stage: ${stage}`);
}

/** Whose turn it is begins anew when somebody signed. */
export function takeTurn(deal: DealState): void {
  const order = deal.parties.find(({ status }) => status === 'pending')?.order;
  if (order !== undefined && order !== deal.turn?.order)
    deal.turn = { order, since: deal.clock, lastReminded: null, reminders: 0 };
}

/** Counts the credit of a send, once an envelope; true when it was not counted yet. */
export function charge(deal: DealState): boolean {
  if (!deal.envelope || deal.envelope.charged) return false;
  deal.envelope.charged = true;
  deal.credits.spent += 1;
  return true;
}

export function idOf(deal: DealState): string {
  if (!deal.envelope) throw new Error('the deal has no envelope yet');
  return deal.envelope.id;
}

/** One write to the CRM: the deal as it stands. `version` grows with every write, so a late one cannot overwrite a newer. */
export interface CrmRecord {
  dealId: string;
  round: number;
  version: number;
  stage: Stage;
  /** The CRM's own name of the stage, where the company mapped one. */
  crmStage?: string;
  documentType: string;
  envelopeId: string | null;
  reviewUrl: string | null;
  outcome: string | null;
  reason: string | null;
  signedAt: string | null;
  /** Something a person there should read; absent from most writes. */
  note?: string;
}

/** The deal as the CRM shall see it in `stage`, the one it is about to enter. */
export function crmRecordOf(deal: DealState, stage: Stage): CrmRecord {
  const crmStage = crmStageOf(deal.start.policy, stage);
  return {
    dealId: deal.start.dealId,
    round: deal.start.round,
    version: deal.crmVersion,
    stage,
    ...(crmStage !== undefined && { crmStage }),
    documentType: deal.start.documentType,
    envelopeId: deal.envelope?.id ?? null,
    reviewUrl: deal.envelope?.reviewUrl ?? null,
    outcome: isFinal(stage) ? stage : null,
    reason: deal.reason,
    signedAt: deal.signedAt,
  };
}
