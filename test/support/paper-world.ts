/**
 * The outside of a deal, in memory: a provider, a CRM and a document store that keep count, so that a test of the workflow can ask
 * what really happened. Mishaps are queued per call: `world.mishaps.push(['sendEnvelope', error])`.
 */
import type { SigningAccounts } from '../../src/activities/index.js';
import type { Crm } from '../../src/crm/crm.js';
import type { CrmDeal, CrmIntake } from '../../src/crm/intake.js';
import type { DealDoor } from '../../src/crm/taking.js';
import { openLedger, reserveSend, vouch, type Ledger } from '../../src/deal/ledger.js';
import type { Party } from '../../src/deal/party.js';
import type { CrmRecord } from '../../src/deal/state.js';
import type { DocumentSource, DocumentStore } from '../../src/documents/documents.js';
import {
  ProviderError,
  type EnvelopeDraft,
  type EnvelopeReading,
  type PlacedField,
  type SigningProvider,
  type TemplateDraft,
  type TemplateFacts,
} from '../../src/signing/provider.js';

export interface PaperEnvelope extends EnvelopeReading {
  draft: EnvelopeDraft | TemplateDraft;
  /** As the provider has them now; signers may hand their turn on. */
  signers: Party[];
  fields: PlacedField[];
  sends: number;
}

/** `after` lets the call take effect and then loses the answer. */
export interface Mishap {
  call: keyof SigningProvider | 'record' | 'attach' | 'withdrawn' | 'put' | 'look' | 'explain';
  error: Error;
  after?: boolean;
}

export interface PaperWorld {
  provider: SigningProvider;
  signing: SigningAccounts;
  crm: Crm;
  intake: CrmIntake;
  /** Leads nowhere unless a test puts another in its place. */
  door: DealDoor;
  /** Deals of the CRM that are to be taken, by id. */
  wanted: Map<string, CrmDeal>;
  /** What the CRM was told of deals that no contract comes of. */
  explained: { dealId: string; why: string }[];
  store: DocumentStore;
  documents: DocumentSource;
  ledger: Ledger;
  creditBudget: number | null;
  /** Why the CRM no longer wants the deal. */
  withdrawn: string | null;
  templates: TemplateFacts[];
  envelopes: PaperEnvelope[];
  records: CrmRecord[];
  attachments: string[];
  files: Map<string, Uint8Array>;
  reminders: number;
  calls: string[];
  /** On whose behalf the provider was called, in order; calls for no tenant are not among them. */
  tenants: string[];
  /** Runs before a call takes effect; what it throws is the call's failure. */
  onCall: (call: Mishap['call']) => void;
  keys: string[];
  mishaps: Mishap[];
  signedPdf: Uint8Array;
  /** What detection says of new envelopes. */
  detection: { fieldsStatus: EnvelopeReading['fieldsStatus']; detectionError: string | null };
  /** An envelope that somebody made at the provider, without a deal; a draft. */
  adHoc(parties: readonly Party[], externalId?: string | null): PaperEnvelope;
  /** Presses Send on the provider's own review page. */
  sendFromPage(envelope: PaperEnvelope, parties: readonly Party[]): void;
  /** Signs as the next party in turn. */
  sign(envelope?: PaperEnvelope): void;
  only(): PaperEnvelope;
}

export function aPaperWorld(signedPdf: Uint8Array): PaperWorld {
  const book = openLedger();
  const replays = new Map<string, unknown>();

  /** Runs a call with its queued mishap, if any. */
  async function through<T>(call: Mishap['call'], work: () => T | Promise<T>): Promise<T> {
    world.calls.push(call);
    world.onCall(call);
    const index = world.mishaps.findIndex((mishap) => mishap.call === call);
    const [mishap] = index >= 0 ? world.mishaps.splice(index, 1) : [];
    if (mishap && !mishap.after) throw mishap.error;
    const result = await work();
    if (mishap) throw mishap.error;
    return result;
  }

  function newEnvelope(draft: EnvelopeDraft | TemplateDraft): PaperEnvelope {
    const envelopeId = `env-${world.envelopes.length + 1}`;
    const envelope: PaperEnvelope = {
      envelopeId,
      status: 'draft',
      sent: false,
      fieldsStatus: world.detection.fieldsStatus,
      fieldsVersion: 1,
      detectionError: world.detection.detectionError,
      parties: null,
      signedCount: 0,
      reviewUrl: `https://paper.example/review/${envelopeId}?rt=token`,
      externalId: draft.externalId,
      reason: null,
      draft,
      signers: [],
      fields: [],
      sends: 0,
    };
    world.envelopes.push(envelope);
    return envelope;
  }

  function goOut(envelope: PaperEnvelope, parties: readonly Party[]): void {
    envelope.status = 'pending';
    envelope.sent = true;
    envelope.sends += 1;
    envelope.signers = parties.filter((party) => party.kind === 'signer').map((party) => ({ ...party }));
    envelope.parties = envelope.signers.map((party, index) => ({
      role: party.role ?? '',
      order: party.order,
      status: index === 0 ? 'pending' : 'waiting',
    }));
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
    wanted: new Map(),
    explained: [],
    attachments: [],
    files: new Map(),
    reminders: 0,
    calls: [],
    onCall: () => undefined,
    keys: [],
    mishaps: [],
    signedPdf,
    detection: { fieldsStatus: 'ready', detectionError: null },
    creditBudget: null,
    withdrawn: null,
    templates: [
      { id: 'tmpl_1', version: 'v1', roles: ['Customer', 'Company'], prefillKeys: ['customer_name'], ready: true },
    ],

    tenants: [],
    signing: {},
    provider: {
      name: 'paper',
      apiKeyId: 'aaaa0001',
      forTenant: (tenant) => {
        world.tenants.push(tenant);
        return world.provider;
      },
      createEnvelope: (draft, key) =>
        through('createEnvelope', () =>
          once(key, () => {
            const { envelopeId, reviewUrl } = newEnvelope(draft);
            return { envelopeId, reviewUrl };
          }),
        ),
      readTemplate: (templateId) =>
        through('readTemplate', () => {
          const template = world.templates.find(({ id }) => id === templateId);
          if (!template) throw new ProviderError('not-found', 'no such template', { status: 404 });
          return template;
        }),
      sendTemplate: (draft, key) =>
        through('sendTemplate', () =>
          once(key, () => {
            const envelope = newEnvelope(draft);
            if (draft.autoSend) goOut(envelope, draft.parties);
            return { envelopeId: envelope.envelopeId, reviewUrl: draft.autoSend ? null : envelope.reviewUrl };
          }),
        ),
      findEnvelopes: (externalId) =>
        through('findEnvelopes', () => world.envelopes.filter((envelope) => envelope.externalId === externalId)),
      readEnvelope: (envelopeId) =>
        through('readEnvelope', () => {
          const { draft, signers, fields, sends, ...reading } = byId(envelopeId);
          return reading;
        }),
      sendEnvelope: (envelopeId, request, key) =>
        through('sendEnvelope', () =>
          once(key, () => {
            const envelope = byId(envelopeId);
            if (envelope.status !== 'draft' || (request.fieldsVersion ?? 1) !== envelope.fieldsVersion) {
              throw new ProviderError('conflict', 'conflict', { status: 409, envelopeId });
            }
            goOut(envelope, request.parties);
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
      reviewLink: (envelopeId) => through('reviewLink', () => byId(envelopeId).reviewUrl),
      fields: (envelopeId) => through('fields', () => byId(envelopeId).fields),
      signLink: (envelopeId) => through('signLink', () => `https://paper.example/sign/${envelopeId}?t=token`),
      signers: (envelopeId) =>
        through('signers', () => {
          const envelope = world.envelopes.find((candidate) => candidate.envelopeId === envelopeId);
          return envelope?.signers.map(({ order, role = '', email }) => ({ order, role, email })) ?? null;
        }),
      remind: () => through('remind', () => void (world.reminders += 1)),
      downloadSigned: () => through('downloadSigned', () => world.signedPdf),
      certificate: async () => null,
      close: async () => undefined,
    },

    crm: {
      name: 'paper',
      record: (record) =>
        through('record', () => {
          const last = world.records.findLast(({ dealId }) => dealId === record.dealId);
          if (record.version > (last?.version ?? 0)) world.records.push(record);
        }),
      withdrawn: () => through('withdrawn', () => world.withdrawn),
      attach: (_deal, pdf, _read, writeId) =>
        through('attach', () => {
          if (!world.attachments.includes(`${writeId} ${pdf.uri}`)) world.attachments.push(`${writeId} ${pdf.uri}`);
        }),
      check: async () => undefined,
      close: async () => undefined,
    },

    intake: {
      look: (dealId) => through('look', () => world.wanted.get(dealId) ?? { kind: 'other' }),
      wanting: async (cursor) => {
        const waiting = [...world.wanted].filter(([, deal]) => deal.kind === 'wanted').map(([dealId]) => dealId);
        const at = Number(cursor ?? 0);
        return { dealIds: waiting.slice(at, at + 2), next: at + 2 < waiting.length ? String(at + 2) : null };
      },
      explain: (dealId, why) => through('explain', () => void world.explained.push({ dealId, why })),
    },

    door: {
      start: async () => ({ kind: 'refused', why: 'there is no door on paper' }),
      standing: async () => 'unknown',
      cancel: async () => false,
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

    ledger: {
      reserveSend: async (reservation) => reserveSend(book, new Date().toISOString().slice(0, 10), reservation),
      vouch: async (templateVersion) => vouch(book, templateVersion),
      isVouched: async (templateVersion) => book.vouched.includes(templateVersion),
    },

    documents: {
      fetch: async () => ({ bytes: signedPdf, kind: 'pdf', sha256: 'x' }),
      checkLink: () => undefined,
      close: async () => undefined,
    },

    adHoc(parties, externalId = null) {
      const draft = { parties, transport: 'multipart', webhookUrl: '', externalId: '', clientReferenceId: '' } as const;
      const signers = parties.filter(({ kind }) => kind === 'signer').map((party) => ({ ...party }));
      return Object.assign(newEnvelope(draft), { externalId, signers });
    },

    sendFromPage: goOut,

    sign(envelope = world.only()) {
      const signer = envelope.parties?.find((party) => party.status === 'pending');
      if (!signer) throw new Error('nobody’s turn to sign');
      signer.status = 'signed';
      const next = envelope.parties?.find((party) => party.status === 'waiting');
      if (next) next.status = 'pending';
      else envelope.status = 'signed';
      envelope.signedCount = (envelope.signedCount ?? 0) + 1;
    },

    only() {
      const [envelope, ...more] = world.envelopes;
      if (!envelope || more.length > 0) throw new Error(`expected one envelope, there are ${world.envelopes.length}`);
      return envelope;
    },
  };
  world.signing.atlas = { provider: world.provider, webhookUrl: 'https://countersign.example/webhooks/atlas' };
  return world;
}
