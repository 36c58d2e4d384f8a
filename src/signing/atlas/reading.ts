import { nobodySigned, type Party, type PartyProgress, type PartyStatus } from '../../deal/party.js';
import type { EnvelopeReading, EnvelopeStatus } from '../provider.js';
import type { AtlasClient } from './client.js';
import type { AtlasEnvelope } from './schemas.js';

export interface Reading {
  reading: EnvelopeReading;
  /** Milliseconds since 1970; null when not told. */
  createdAt: number | null;
  /** False when the answer had no metadata at all, so that a missing `external_id` says nothing. */
  tellsMetadata: boolean;
}

/**
 * Reads an envelope back. One call, and a second one, `/status`, only where the first tells no status or, while the envelope is out,
 * no progress: the full schema is not documented (Atlas notes 2.3).
 */
export async function readBack(client: AtlasClient, envelopeId: string): Promise<Reading> {
  const envelope = await client.envelopes.get(envelopeId);
  let status = envelope.status ?? statusByTimes(envelope);
  let signedCount = envelope.signed_count ?? null;
  if (status === null || (status === 'pending' && signedCount === null && !tellsProgress(envelope))) {
    const light = await client.envelopes.status(envelopeId);
    status ??= light.status;
    signedCount ??= light.signed_count ?? null;
  }
  const parties = progressOf(envelope, status, signedCount);
  return {
    reading: {
      envelopeId,
      status,
      sent: wasSent(envelope, status),
      fieldsStatus: envelope.fields_status ?? 'unknown',
      fieldsVersion: envelope.fields_version ?? null,
      detectionError: wordsOf(envelope.metadata?.detection_error, (text) => client.errors.hide(text)),
      parties,
      signedCount:
        signedCount ?? (parties === null ? null : parties.filter((party) => party.status === 'signed').length),
      reviewUrl: envelope.review_url ?? null,
      externalId: externalIdIn(envelope),
      reason: reasonOf(envelope, status),
    },
    createdAt: timeOf(envelope.created_at),
    tellsMetadata: tellsMetadata(envelope),
  };
}

export function externalIdIn(envelope: AtlasEnvelope): string | null {
  return envelope.metadata?.external_id ?? envelope.external_id ?? null;
}

export function tellsMetadata(envelope: AtlasEnvelope): boolean {
  return envelope.metadata !== undefined || envelope.external_id !== undefined;
}

export function timeOf(instant: string | number | null | undefined): number | null {
  if (instant === null || instant === undefined) return null;
  const time = new Date(instant).getTime();
  return Number.isNaN(time) ? null : time;
}

/** Atlas derives its status from timestamps, so they can stand in for it (Atlas notes 4); null when none of them is told. */
function statusByTimes(envelope: AtlasEnvelope): EnvelopeStatus | null {
  if (envelope.declined_at) return 'declined';
  if (envelope.voided_at) return 'voided';
  if (envelope.signed_at ?? envelope.completed_at) return 'signed';
  if (envelope.sent_at) return 'pending';
  return envelope.sent_at === null ? 'draft' : null;
}

/** A turn, a signature or a decline proves it; a void says nothing, since drafts can be voided too (Atlas notes 4). */
function wasSent(envelope: AtlasEnvelope, status: EnvelopeStatus): boolean | null {
  if (envelope.sent_at || status === 'pending' || status === 'signed' || status === 'declined') return true;
  return envelope.sent_at === null || status === 'draft' ? false : null;
}

interface ToldParty extends Party {
  status: PartyStatus | null;
}

/** As Atlas tells them, by order; an address it does not tell is empty. */
export function partiesIn(envelope: AtlasEnvelope): ToldParty[] {
  const parties = (envelope.parties ?? []).map((party, index) => ({
    kind: party.role_type === 'cc' ? ('cc' as const) : ('signer' as const),
    order: party.order ?? index + 1,
    email: party.email?.trim() ?? '',
    ...(party.role && { role: party.role }),
    status: party.status ?? null,
  }));
  return parties.sort((a, b) => a.order - b.order);
}

/** Whether every signer's own status is told; copies have none. */
function tellsProgress(envelope: AtlasEnvelope): boolean {
  const signers = (envelope.parties ?? []).filter((party) => party.role_type !== 'cc');
  return signers.length > 0 && signers.every((party) => Boolean(party.status));
}

/** From each party's own status where told, else from the count of signatures, since signing is strictly in turn (Atlas notes 7). */
export function progressOf(
  envelope: AtlasEnvelope,
  status: EnvelopeStatus,
  signedCount: number | null,
): PartyProgress[] | null {
  const parties = partiesIn(envelope);
  if (parties.length === 0) return null;
  const progress = nobodySigned(parties);
  const statuses = tellsProgress(envelope)
    ? parties.filter((party) => party.kind === 'signer').map((party) => party.status ?? 'unknown')
    : statusesByCount(parties.filter((party) => party.kind === 'signer').length, status, signedCount);
  if (statuses === null) return null;
  let turn = 0;
  return progress.map((party) => {
    if (party.status === 'copied') return party;
    const own = statuses[turn];
    turn += 1;
    return { ...party, status: own ?? 'unknown' };
  });
}

function statusesByCount(signers: number, status: EnvelopeStatus, signedCount: number | null): PartyStatus[] | null {
  const signed = status === 'signed' ? signers : status === 'draft' ? 0 : signedCount;
  if (signed === null || status === 'unknown') return null;
  const turnOf: PartyStatus = status === 'pending' ? 'pending' : status === 'declined' ? 'declined' : 'waiting';
  return Array.from({ length: signers }, (_, turn) =>
    turn < signed ? 'signed' : turn === signed ? turnOf : 'waiting',
  );
}

const MAX_REASON = 500;

function reasonOf(envelope: AtlasEnvelope, status: EnvelopeStatus): string | null {
  if (status !== 'declined' && status !== 'voided') return null;
  const own = status === 'declined' ? envelope.decline_reason : envelope.void_reason;
  const decliner = envelope.parties?.find((party) => party.status === 'declined')?.decline_reason;
  const reason = (own ?? (status === 'declined' ? decliner : null) ?? envelope.reason)?.trim().slice(0, MAX_REASON);
  return reason ? reason : null;
}

function wordsOf(value: unknown, hide: (text: string) => string): string | null {
  if (value === null || value === undefined || value === '') return null;
  return hide(typeof value === 'string' ? value : JSON.stringify(value));
}
