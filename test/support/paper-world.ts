/**
 * The outside of a deal, in memory: a provider, a CRM and a document store that keep count, so that a test of the workflow can ask
 * what really happened. Mishaps are queued per call: `world.mishaps.push(['sendEnvelope', error])`.
 */
import type { Crm } from '../../src/crm/crm.js';
import type { CrmRecord } from '../../src/deal/state.js';
import type { DocumentSource, DocumentStore } from '../../src/documents/documents.js';
import {
  ProviderError,
  type EnvelopeDraft,
  type EnvelopeReading,
  type SigningProvider,
} from '../../src/signing/provider.js';

export interface PaperEnvelope extends EnvelopeReading {
  draft: EnvelopeDraft;
  sends: number;
}

/** `after` lets the call take effect and then loses the answer. */
export interface Mishap {
  call: keyof SigningProvider | 'record' | 'attach' | 'put';
  error: Error;
  after?: boolean;
}

export interface PaperWorld {
  provider: SigningProvider;
  crm: Crm;
  store: DocumentStore;
  documents: DocumentSource;
  envelopes: PaperEnvelope[];
  records: CrmRecord[];
  attachments: string[];
  files: Map<string, Uint8Array>;
  reminders: number;
  calls: string[];
  keys: string[];
  mishaps: Mishap[];
  signedPdf: Uint8Array;
  /** What detection says of new envelopes. */
  detection: { fieldsStatus: EnvelopeReading['fieldsStatus']; detectionError: string | null };
  /** Signs as the next party in turn. */
  sign(envelope?: PaperEnvelope): void;
  only(): PaperEnvelope;
}

export function aPaperWorld(signedPdf: Uint8Array): PaperWorld {
  const replays = new Map<string, unknown>();

  /** Runs a call with its queued mishap, if any. */
  async function through<T>(call: Mishap['call'], work: () => T | Promise<T>): Promise<T> {
    world.calls.push(call);
    const index = world.mishaps.findIndex((mishap) => mishap.call === call);
    const [mishap] = index >= 0 ? world.mishaps.splice(index, 1) : [];
    if (mishap && !mishap.after) throw mishap.error;
    const result = await work();
    if (mishap) throw mishap.error;
    return result;
  }

  function byId(envelopeId: string): PaperEnvelope {
    const found = world.envelopes.find((envelope) => envelope.envelopeId === envelopeId);
    if (!found) throw new ProviderError('not-found', 'no such envelope', { status: 404, envelopeId });
    return found;
  }

  /** An answer once given under a key is given again. */
  function once<T>(key: string, work: () => T): T {
    world.keys.push(key);
    if (replays.has(key)) return replays.get(key) as T;
    const answer = work();
    replays.set(key, answer);
    return answer;
  }

  const world: PaperWorld = {
    envelopes: [],
    records: [],
    attachments: [],
    files: new Map(),
    reminders: 0,
    calls: [],
    keys: [],
    mishaps: [],
    signedPdf,
    detection: { fieldsStatus: 'ready', detectionError: null },

    provider: {
      name: 'paper',
      createEnvelope: (draft, key) =>
        through('createEnvelope', () =>
          once(key, () => {
            const envelopeId = `env-${world.envelopes.length + 1}`;
            world.envelopes.push({
              envelopeId,
              status: 'draft',
              fieldsStatus: world.detection.fieldsStatus,
              fieldsVersion: 1,
              detectionError: world.detection.detectionError,
              parties: null,
              signedCount: 0,
              reviewUrl: `https://paper.example/review/${envelopeId}?rt=token`,
              externalId: draft.externalId,
              reason: null,
              draft,
              sends: 0,
            });
            return { envelopeId, reviewUrl: `https://paper.example/review/${envelopeId}?rt=token` };
          }),
        ),
      findEnvelopes: (externalId) =>
        through('findEnvelopes', () => world.envelopes.filter((envelope) => envelope.externalId === externalId)),
      readEnvelope: (envelopeId) => through('readEnvelope', () => ({ ...byId(envelopeId) })),
      sendEnvelope: (envelopeId, request, key) =>
        through('sendEnvelope', () =>
          once(key, () => {
            const envelope = byId(envelopeId);
            if (envelope.status !== 'draft' || (request.fieldsVersion ?? 1) !== envelope.fieldsVersion) {
              throw new ProviderError('conflict', 'conflict', { status: 409, envelopeId });
            }
            envelope.status = 'pending';
            envelope.sends += 1;
            envelope.parties = request.parties
              .filter((party) => party.kind === 'signer')
              .map((party, index) => ({
                role: party.role ?? '',
                order: party.order,
                status: index === 0 ? 'pending' : 'waiting',
              }));
          }),
        ),
      voidEnvelope: (envelopeId, reason) =>
        through('voidEnvelope', () => {
          const envelope = byId(envelopeId);
          if (envelope.status !== 'draft' && envelope.status !== 'pending') {
            throw new ProviderError('conflict', 'already ended', { status: 409, envelopeId });
          }
          Object.assign(envelope, { status: 'voided', reason });
        }),
      remind: () => through('remind', () => void (world.reminders += 1)),
      downloadSigned: () => through('downloadSigned', () => world.signedPdf),
      close: async () => undefined,
    },

    crm: {
      name: 'paper',
      record: (record) => through('record', () => void world.records.push(record)),
      attach: (_deal, pdf, _read, writeId) =>
        through('attach', () => {
          if (!world.attachments.includes(`${writeId} ${pdf.uri}`)) world.attachments.push(`${writeId} ${pdf.uri}`);
        }),
      check: async () => undefined,
      close: async () => undefined,
    },

    store: {
      put: (key, bytes) =>
        through('put', () => {
          world.files.set(key, bytes);
          return { uri: `paper:${key}` };
        }),
      find: async (key) => {
        const bytes = world.files.get(key);
        return bytes && { uri: `paper:${key}`, bytes };
      },
      get: async (uri) => world.files.get(uri.slice('paper:'.length)) ?? new Uint8Array(),
      check: async () => undefined,
    },

    documents: {
      fetch: async () => ({ bytes: signedPdf, kind: 'pdf', sha256: 'x' }),
      checkLink: () => undefined,
      close: async () => undefined,
    },

    sign(envelope = world.only()) {
      const signer = envelope.parties?.find((party) => party.status === 'pending');
      if (!signer) throw new Error('nobody’s turn to sign');
      signer.status = 'signed';
      const next = envelope.parties?.find((party) => party.status === 'waiting');
      if (next) next.status = 'pending';
      else envelope.status = 'signed';
    },

    only() {
      const [envelope, ...more] = world.envelopes;
      if (!envelope || more.length > 0) throw new Error(`expected one envelope, there are ${world.envelopes.length}`);
      return envelope;
    },
  };
  return world;
}
