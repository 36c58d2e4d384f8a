import { randomUUID } from 'node:crypto';
import type { Accounts } from './accounts.js';
import type { Clock } from './clock.js';
import { layOutFields, patchedFields, type FieldsPatch } from './fields.js';
import type { Mails } from './mails.js';
import { currentSigner, signersOf, statusOf, type DetectionOutcome, type Envelope, type Party } from './model.js';
import { newToken } from './parties.js';
import { Refusal } from './refusal.js';
import type { Store } from './store.js';
import type { Switches } from './switches.js';
import type { Webhooks } from './webhooks.js';

export type NewEnvelope = Pick<
  Envelope,
  | 'organisation'
  | 'keyId'
  | 'document'
  | 'parties'
  | 'metadata'
  | 'webhookUrl'
  | 'legalFramework'
  | 'teamId'
  | 'autoSend'
> &
  Partial<Pick<Envelope, 'templateId' | 'fields' | 'fieldsStatus'>>;

/** An envelope's life (Atlas notes 4). Every method is one synchronous change inside a transaction, or a refusal that changes nothing. */
export class Envelopes {
  constructor(
    private readonly store: Store,
    private readonly switches: Switches,
    private readonly accounts: Accounts,
    private readonly webhooks: Webhooks,
    private readonly mails: Mails,
    private readonly clock: Clock,
  ) {}

  create(given: NewEnvelope, outcome: DetectionOutcome, detectionMs: number): Envelope {
    const now = this.clock.now();
    const envelope: Envelope = {
      templateId: null,
      fields: [],
      fieldsStatus: 'pending',
      ...given,
      id: randomUUID(),
      createdAt: now.toISOString(),
      sentAt: null,
      signedAt: null,
      declinedAt: null,
      declineReason: null,
      voidedAt: null,
      voidReason: null,
      reviewToken: newToken(),
      fieldsVersion: 1,
      fieldsEdited: false,
      detection: { outcome, dueAt: new Date(now.getTime() + detectionMs).toISOString() },
      creditRefunded: false,
    };
    this.store.envelopes.put(envelope);
    this.webhooks.emit(envelope, 'envelope.created');
    return envelope;
  }

  /** Draft to pending for one credit; only the first signer is written to. A second send is a 409 (Atlas notes 2.5). */
  send(envelope: Envelope, parties: Party[] | null, fieldsVersion: number | null): void {
    if (statusOf(envelope) !== 'draft')
      throw new Refusal(409, 'already_sent', `This envelope is ${statusOf(envelope)}`);
    if (envelope.fieldsStatus === 'pending') {
      throw new Refusal(409, 'detection_pending', 'Fields are still being detected: try again shortly');
    }
    this.checkVersion(envelope, fieldsVersion);
    const sending = parties ?? envelope.parties;
    if (!sending.some((party) => party.roleType !== 'cc')) {
      throw new Refusal(400, 'invalid_parties', 'parties: at least one must sign');
    }
    const fields = this.fieldsFor(envelope, sending);
    if (this.switches.now.send_without_fields === 'refuse' && !fields.some((field) => field.type === 'signature')) {
      throw new Refusal(400, 'no_signature_fields', 'There are no signature fields: place them first');
    }
    this.accounts.spend(envelope.organisation);
    envelope.parties = sending;
    envelope.fields = fields;
    envelope.sentAt = this.clock.now().toISOString();
    this.promoteNext(envelope);
    this.store.envelopes.put(envelope);
    this.webhooks.emit(envelope, 'envelope.sent');
  }

  private checkVersion(envelope: Envelope, fieldsVersion: number | null): void {
    if (fieldsVersion !== null && fieldsVersion !== envelope.fieldsVersion) {
      throw new Refusal(409, 'fields_version_mismatch', `fields_version is ${envelope.fieldsVersion}: read it again`);
    }
  }

  /** Detected fields follow the parties as long as nobody has placed any by hand. */
  private fieldsFor(envelope: Envelope, parties: Party[]): Envelope['fields'] {
    const follows = !envelope.fieldsEdited && envelope.templateId === null && envelope.fieldsStatus === 'ready';
    return follows ? layOutFields(parties, envelope.document.pages ?? 1) : envelope.fields;
  }

  /** Strictly one at a time (Atlas notes 7): the next in order may sign and is written to. */
  private promoteNext(envelope: Envelope): Party | null {
    const next = signersOf(envelope).find((party) => party.status === 'waiting') ?? null;
    if (next !== null) {
      next.status = 'pending';
      this.mails.write(envelope, next.email, 'signature_request');
    }
    return next;
  }

  /** 409 when the version is stale, detection runs, or the envelope has been sent. The version goes up by one. */
  patchFields(envelope: Envelope, patch: FieldsPatch): void {
    if (statusOf(envelope) !== 'draft')
      throw new Refusal(409, 'not_a_draft', 'Fields can only be changed before sending');
    if (envelope.fieldsStatus === 'pending')
      throw new Refusal(409, 'detection_pending', 'Fields are still being detected');
    this.checkVersion(envelope, patch.fields_version);
    this.placeFields(envelope, patchedFields(patch, envelope));
  }

  /** What a person does on the review page when detection found nothing: the usual fields on the last page. */
  placeUsualFields(envelope: Envelope): void {
    if (statusOf(envelope) !== 'draft' || envelope.fieldsStatus === 'pending') {
      throw new Refusal(409, 'not_a_draft', 'Fields can only be placed on a draft after detection');
    }
    this.placeFields(envelope, layOutFields(envelope.parties, envelope.document.pages ?? 1));
  }

  private placeFields(envelope: Envelope, fields: Envelope['fields']): void {
    envelope.fields = fields;
    envelope.fieldsEdited = true;
    envelope.fieldsVersion += 1;
    this.store.envelopes.put(envelope);
  }

  /** The signer whose token this is; 401 for a token of nobody. */
  partyOf(envelope: Envelope, token: string | null): Party {
    const party = envelope.parties.find((candidate) => candidate.token === token && candidate.roleType !== 'cc');
    if (party === undefined) throw new Refusal(401, 'invalid_token', 'This link is not valid');
    return party;
  }

  /** 409 unless it is this party's turn. */
  private checkTurn(envelope: Envelope, party: Party): void {
    if (statusOf(envelope) !== 'pending')
      throw new Refusal(409, 'not_pending', `This envelope is ${statusOf(envelope)}`);
    if (party.status === 'signed') throw new Refusal(409, 'already_signed', 'You have already signed');
    if (currentSigner(envelope) !== party) throw new Refusal(409, 'not_your_turn', 'It is not your turn to sign yet');
  }

  /** Records the first look of the current signer; a later look, or one out of turn, changes nothing. */
  view(envelope: Envelope, party: Party): void {
    if (party.viewedAt !== null || currentSigner(envelope) !== party) return;
    party.viewedAt = this.clock.now().toISOString();
    this.store.envelopes.put(envelope);
    this.webhooks.emit(envelope, 'envelope.viewed');
  }

  /** Signs for the party whose turn it is; the next is promoted, or the envelope is complete. `values` are of this party's own fields, by id. */
  sign(envelope: Envelope, party: Party, signature: string, ip: string, values: ReadonlyMap<string, string>): void {
    this.checkTurn(envelope, party);
    if (signature.trim() === '') throw new Refusal(400, 'name_required', 'Type your name to sign');
    const now = this.clock.now().toISOString();
    const index = envelope.parties.indexOf(party);
    for (const field of envelope.fields) {
      if (field.partyIndex !== index) continue;
      if (field.type === 'signature') field.value = signature.trim();
      else if (field.type === 'initials') field.value = initialsOf(signature);
      else if (field.type === 'date') field.value = now.slice(0, 10);
      else field.value = values.get(field.id) ?? field.value;
    }
    party.status = 'signed';
    party.signedAt = now;
    party.signature = signature.trim();
    party.ip = ip;
    const last = this.promoteNext(envelope) === null;
    if (last) {
      envelope.signedAt = now;
      for (const { email } of envelope.parties) this.mails.write(envelope, email, 'completed');
    }
    this.store.envelopes.put(envelope);
    if (last || this.switches.now.signed_event === 'each') this.webhooks.emit(envelope, 'envelope.signed');
  }

  /** Ends the envelope; whoever is still waiting will not be asked. No refund (Atlas notes 10: undocumented). */
  decline(envelope: Envelope, party: Party, reason: string | null): void {
    this.checkTurn(envelope, party);
    party.status = 'declined';
    envelope.declinedAt = this.clock.now().toISOString();
    envelope.declineReason = reason;
    this.store.envelopes.put(envelope);
    this.webhooks.emit(envelope, 'envelope.declined');
  }

  /** 409 once the envelope has ended. A pending one with nobody signed gives its credit back; a draft never cost any. */
  void(envelope: Envelope, reason: string | null): void {
    const status = statusOf(envelope);
    if (status !== 'draft' && status !== 'pending')
      throw new Refusal(409, 'already_final', `This envelope is ${status}`);
    if (status === 'pending' && !signersOf(envelope).some((party) => party.status === 'signed')) {
      this.accounts.refund(envelope);
    }
    const told = envelope.parties.filter((party) => party.status === 'pending' || party.status === 'signed');
    envelope.voidedAt = this.clock.now().toISOString();
    envelope.voidReason = reason;
    this.store.envelopes.put(envelope);
    for (const { email } of told) this.mails.write(envelope, email, 'voided');
    this.webhooks.emit(envelope, 'envelope.voided');
  }

  /** Puts somebody else in the place of the signer whose turn it is (Atlas notes 6): the old link is dead, the new signer is written to. */
  reassign(envelope: Envelope, party: Party, to: { email: string; name: string | null }): void {
    this.checkTurn(envelope, party);
    Object.assign(party, { ...to, token: newToken(), viewedAt: null });
    this.store.envelopes.put(envelope);
    this.mails.write(envelope, party.email, 'signature_request');
  }

  /** Writes to the current signer once more; 409 when nobody is to sign, 429 too soon after the last time. */
  remind(envelope: Envelope): Party {
    const party = currentSigner(envelope);
    if (party === null) throw new Refusal(409, 'nobody_to_remind', `This envelope is ${statusOf(envelope)}`);
    this.checkCooldown(envelope, party);
    this.mails.write(envelope, party.email, 'reminder');
    return party;
  }

  private checkCooldown(envelope: Envelope, party: Party): void {
    const written = this.store.mails.in(envelope.id);
    const last = written.findLast(({ kind, to }) => kind === 'reminder' && to === party.email);
    if (last === undefined) return;
    const left = Date.parse(last.at) + this.switches.now.remind_cooldown_ms - this.clock.now().getTime();
    if (left <= 0) return;
    throw new Refusal(429, 'rate_limited', 'This signer was reminded a moment ago', Math.ceil(left / 1000));
  }
}

function initialsOf(name: string): string {
  return name
    .trim()
    .split(/\s+/)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}
