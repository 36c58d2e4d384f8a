import type {
  CreatedEnvelope,
  EnvelopeDocument,
  EnvelopeDraft,
  SigningProvider,
  TemplateDraft,
  TemplateFacts,
} from '../provider.js';
import { atlasAccountOf } from '../../deal/tenant.js';
import { certificateIn } from '../certificate.js';
import type { AtlasClient } from './client.js';
import type { CreateRequest, Metadata } from './envelopes.js';
import { fieldsIn } from './fields.js';
import { findEnvelopes } from './lookup.js';
import { readBack } from './reading.js';
import { signersIn } from './signers.js';
import { versionOf } from './template-version.js';

/** Atlas behind the signing port. `close` closes the client. */
export function createAtlasProvider(client: AtlasClient): SigningProvider {
  return {
    name: 'atlas',
    apiKeyId: client.apiKeyId,
    forTenant: (tenant) => createAtlasProvider(client.forAccount(atlasAccountOf(tenant))),
    createEnvelope: (draft, idempotencyKey) => createEnvelope(client, draft, idempotencyKey),
    readTemplate: (templateId) => readTemplate(client, templateId),
    sendTemplate: (draft, idempotencyKey) => sendTemplate(client, draft, idempotencyKey),
    findEnvelopes: (externalId) => findEnvelopes(client, externalId),
    readEnvelope: async (envelopeId) => (await readBack(client, envelopeId)).reading,
    sendEnvelope: (envelopeId, request, idempotencyKey) => client.envelopes.send(envelopeId, request, idempotencyKey),
    voidEnvelope: (envelopeId, reason) => client.envelopes.void(envelopeId, reason),
    reviewLink: async (envelopeId) => (await readBack(client, envelopeId)).reading.reviewUrl,
    fields: async (envelopeId) => fieldsIn(await client.envelopes.get(envelopeId)),
    signLink: (envelopeId) => client.currentSignLink(envelopeId),
    signers: async (envelopeId) => signersIn(await client.envelopes.get(envelopeId)),
    remind: (envelopeId) => client.envelopes.remind(envelopeId),
    downloadSigned: (envelopeId) => client.downloadSignedPdf(envelopeId),
    certificate: async (_envelopeId, signed) => (await certificateIn(signed))?.bytes ?? null,
    close: () => client.close(),
  };
}

async function createEnvelope(
  client: AtlasClient,
  draft: EnvelopeDraft,
  idempotencyKey: string,
): Promise<CreatedEnvelope> {
  const request: CreateRequest = {
    parties: draft.parties,
    ...(draft.webhookUrl !== undefined && { webhookUrl: draft.webhookUrl }),
    metadata: metadataOf(draft),
  };
  switch (draft.transport) {
    case 'multipart':
      return client.envelopes.createFromFile(documentOf(client, draft), request, idempotencyKey);
    case 'base64':
      return client.envelopes.createFromBase64(documentOf(client, draft), request, idempotencyKey);
    case 'link':
      if (draft.documentUrl === undefined) throw incomplete(client, 'the draft has no documentUrl');
      return client.envelopes.createFromUrl(draft.documentUrl, request, idempotencyKey);
  }
}

async function readTemplate(client: AtlasClient, templateId: string): Promise<TemplateFacts> {
  const template = await client.templates.get(templateId);
  const { id, roles, prefillKeys, ready } = template;
  return { id, version: versionOf(template), roles, prefillKeys, ready };
}

async function sendTemplate(
  client: AtlasClient,
  draft: TemplateDraft,
  idempotencyKey: string,
): Promise<CreatedEnvelope> {
  const { templateId, parties, prefill, autoSend, webhookUrl } = draft;
  const request = { parties, prefill, autoSend, metadata: metadataOf(draft) };
  return client.templates.send(
    templateId,
    { ...request, ...(webhookUrl !== undefined && { webhookUrl }) },
    idempotencyKey,
  );
}

/** The CRM's own words under ours: lost envelopes are found by these, and webhooks routed (Atlas notes 13). */
function metadataOf(draft: Pick<EnvelopeDraft, 'metadata' | 'externalId' | 'clientReferenceId'>): Metadata {
  return { ...draft.metadata, external_id: draft.externalId, client_reference_id: draft.clientReferenceId };
}

function documentOf(client: AtlasClient, draft: EnvelopeDraft): EnvelopeDocument {
  if (draft.document === undefined) throw incomplete(client, 'the draft has no document');
  return draft.document;
}

function incomplete(client: AtlasClient, problem: string): Error {
  return client.errors.invalid({ what: 'POST /api/envelope' }, problem);
}
