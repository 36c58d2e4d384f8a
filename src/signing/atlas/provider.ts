import type { CreatedEnvelope, EnvelopeDocument, EnvelopeDraft, SigningProvider } from '../provider.js';
import type { AtlasClient } from './client.js';
import type { CreateRequest } from './envelopes.js';
import { findEnvelopes } from './lookup.js';
import { readBack } from './reading.js';

/** Atlas behind the signing port. `close` closes the client. */
export function createAtlasProvider(client: AtlasClient): SigningProvider {
  return {
    name: 'atlas',
    createEnvelope: (draft, idempotencyKey) => createEnvelope(client, draft, idempotencyKey),
    findEnvelopes: (externalId) => findEnvelopes(client, externalId),
    readEnvelope: async (envelopeId) => (await readBack(client, envelopeId)).reading,
    sendEnvelope: (envelopeId, request, idempotencyKey) => client.envelopes.send(envelopeId, request, idempotencyKey),
    voidEnvelope: (envelopeId, reason) => client.envelopes.void(envelopeId, reason),
    remind: (envelopeId) => client.envelopes.remind(envelopeId),
    downloadSigned: (envelopeId) => client.downloadSignedPdf(envelopeId),
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
    webhookUrl: draft.webhookUrl,
    metadata: { external_id: draft.externalId, client_reference_id: draft.clientReferenceId },
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

function documentOf(client: AtlasClient, draft: EnvelopeDraft): EnvelopeDocument {
  if (draft.document === undefined) throw incomplete(client, 'the draft has no document');
  return draft.document;
}

function incomplete(client: AtlasClient, problem: string): Error {
  return client.errors.invalid({ what: 'POST /api/envelope' }, problem);
}
