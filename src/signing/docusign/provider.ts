/**
 * DocuSign behind the signing port. DocuSign knows no idempotency keys, so everything here is either harmless twice or looks first: creates
 * make drafts, which mail nobody, and a draft is sent in a call of its own.
 */
import type { DocusignAccount, DocusignAnswer } from '../../docusign/account.js';
import { certificateIn } from '../certificate.js';
import type { CreatedEnvelope, EnvelopeDraft, SigningProvider, TemplateDraft } from '../provider.js';
import { definitionOf, templateDefinitionOf, type Definition } from './definition.js';
import { checkItem, DocusignProviderError, told } from './errors.js';
import { findByExternalId } from './lookup.js';
import { namingAnchors } from './missing-anchors.js';
import { createReader } from './reader.js';
import { readingOf, signersOf } from './reading.js';
import { changedSchema, createdSchema, movedSchema, readAnswer, recipientsSchema, viewSchema } from './schemas.js';
import { placedFields } from './tabs.js';
import { factsOf, getTemplate, rolesOf } from './templates.js';

const UPLOAD_MS = 120_000;
const DOWNLOAD_MS = 120_000;
const CALL_MS = 29_000;
/** The longest that is taken is not documented. */
const MAX_VOID_REASON = 200;

export interface DocusignProviderOptions {
  /** Lasting address of our own page that leads to a deal's draft: DocuSign's links last for minutes. */
  reviewPage: (dealId: string) => string;
  /** Where DocuSign leads people back to from an envelope's page; it adds what they did. */
  returnPage: (envelopeId: string) => string;
  /** Largest signed PDF, in bytes; default 50 MiB. */
  downloadBytes?: number;
  /** Time limit of a call without a document, in ms; default 29,000. */
  callMs?: number;
  /** Pauses before each look for an envelope whose create was left without an answer, in ms. */
  looksMs?: readonly number[];
  /** Pauses before an envelope that is not listed is looked for again, in ms. */
  lookAgainMs?: readonly number[];
}

/** `close` leaves the account open: it may serve others. */
export function createDocusignProvider(account: DocusignAccount, options: DocusignProviderOptions): SigningProvider {
  const { reviewPage, returnPage, callMs = CALL_MS, looksMs, lookAgainMs } = options;
  const { downloadBytes = 50 * 1024 * 1024 } = options;
  const reader = createReader(account, { callMs: Math.min(callMs, 20_000), ...(lookAgainMs && { lookAgainMs }) });

  async function create(definition: Definition, clientReferenceId: string): Promise<CreatedEnvelope> {
    return told(async () => {
      const answer = await account.call({
        ...{ api: 'esignature', method: 'POST', path: '/envelopes', body: definition },
        callMs: UPLOAD_MS,
      });
      const { envelopeId } = readAnswer(answer, createdSchema, 'POST /envelopes');
      return { envelopeId: envelopeId.toLowerCase(), reviewUrl: reviewPage(clientReferenceId) };
    });
  }

  async function change(envelopeId: string, body: Definition, query: Record<string, string> = {}): Promise<void> {
    await told(async () => {
      const path = `/envelopes/${encodeURIComponent(envelopeId)}`;
      const answer = await account.call({ api: 'esignature', method: 'PUT', path, query, body, callMs });
      checkItem('PUT /envelopes/{id}', errorIn(answer), envelopeId);
    }, envelopeId);
  }

  async function discard(envelopeId: string): Promise<void> {
    await told(async () => {
      const body = { envelopeIds: [envelopeId] };
      const path = '/folders/recyclebin';
      const answer = await account.call({ api: 'esignature', method: 'PUT', path, body, callMs });
      if (answer.bytes.length === 0) return;
      const { envelopes } = readAnswer(answer, movedSchema, `PUT ${path}`);
      for (const { errorDetails } of envelopes) checkItem(`PUT ${path}`, errorDetails?.errorCode, envelopeId);
    }, envelopeId);
  }

  const read = async (envelopeId: string) => readingOf(await reader.read(envelopeId), reviewPage);

  return {
    name: 'docusign',
    apiKeyId: account.apiKeyId,

    forTenant() {
      throw new DocusignProviderError(
        'invalid',
        'only Atlas keeps the accounts of tenants apart: start the deal without a tenant',
      );
    },

    async createEnvelope(draft: EnvelopeDraft) {
      try {
        return await create(definitionOf(draft), draft.clientReferenceId);
      } catch (error) {
        throw await namingAnchors(error, draft);
      }
    },

    readTemplate: async (templateId) => factsOf(templateId, await getTemplate(account, templateId)),

    /** A send that fails leaves the draft: whoever tries again finds it, and sends it. */
    async sendTemplate(draft: TemplateDraft) {
      const roles = rolesOf(draft, await getTemplate(account, draft.templateId));
      const created = await create(templateDefinitionOf(draft, roles), draft.clientReferenceId);
      if (draft.autoSend) await change(created.envelopeId, { status: 'sent' });
      return created;
    },

    async findEnvelopes(externalId) {
      const found = await findByExternalId(reader, externalId, looksMs);
      return found.map((envelope) => readingOf(envelope, reviewPage));
    },

    readEnvelope: read,

    /** The parties are those of the draft. DocuSign has no condition for a send, so the version is looked at right before. */
    async sendEnvelope(envelopeId, { fieldsVersion }) {
      if (fieldsVersion !== null) {
        const now = await read(envelopeId);
        if (now.fieldsVersion !== null && now.fieldsVersion !== fieldsVersion)
          throw new DocusignProviderError('conflict', 'the draft was changed since it was approved', { envelopeId });
      }
      await change(envelopeId, { status: 'sent' });
    },

    /** Only what is out can be voided; a draft goes to the recycle bin. */
    async voidEnvelope(envelopeId, reason) {
      const { status } = await read(envelopeId);
      if (status === 'draft') return discard(envelopeId);
      if (status !== 'pending' && status !== 'unknown')
        throw new DocusignProviderError('conflict', `the envelope is ${status} already`, { envelopeId });
      const voidedReason = reason.trim().slice(0, MAX_VOID_REASON) || 'withdrawn';
      await change(envelopeId, { status: 'voided', voidedReason });
    },

    async reviewLink(envelopeId) {
      return told(async () => {
        const path = `/envelopes/${encodeURIComponent(envelopeId)}/views/sender`;
        const body = { returnUrl: returnPage(envelopeId) };
        const answer = await account.call({ api: 'esignature', method: 'POST', path, body, callMs });
        return readAnswer(answer, viewSchema, 'POST /envelopes/{id}/views/sender').url;
      }, envelopeId);
    },

    async fields(envelopeId) {
      return told(async () => {
        const path = `/envelopes/${encodeURIComponent(envelopeId)}/recipients`;
        const query = { include_tabs: 'true' };
        const answer = await account.call({ api: 'esignature', method: 'GET', path, query, callMs });
        return placedFields(readAnswer(answer, recipientsSchema, 'GET /envelopes/{id}/recipients').signers);
      }, envelopeId);
    },

    async signLink(envelopeId) {
      const why = 'DocuSign mails each signer a link of their own and gives none out: send a reminder instead';
      throw new DocusignProviderError('conflict', why, { envelopeId });
    },

    signers: async (envelopeId) => signersOf(await reader.read(envelopeId)),

    remind: (envelopeId) => change(envelopeId, {}, { resend_envelope: 'true' }),

    /** With the certificate at its end, since each download of an envelope's documents counts as polling when it follows another. */
    async downloadSigned(envelopeId) {
      return told(async () => {
        const path = `/envelopes/${encodeURIComponent(envelopeId)}/documents/combined`;
        const answer = await account.call({
          ...{ api: 'esignature', method: 'GET', path, query: { certificate: 'true' }, accept: 'application/pdf' },
          maxBytes: downloadBytes,
          callMs: DOWNLOAD_MS,
        });
        return answer.bytes;
      }, envelopeId);
    },

    certificate: async (_envelopeId, signed) => (await certificateIn(signed))?.bytes ?? null,

    close: async () => undefined,
  };
}

function errorIn(answer: DocusignAnswer): string | undefined {
  if (answer.bytes.length === 0) return undefined;
  return readAnswer(answer, changedSchema, 'PUT /envelopes/{id}').errorDetails?.errorCode;
}
