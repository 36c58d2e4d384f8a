import type { Envelope } from './envelope.js';
import { queryOf, type ESignature } from './esignature.js';
import { drawPdf } from './pdf.js';
import { presentDocuments } from './present.js';
import { invalidParameter, Refusal } from './refusal.js';

const DOCUMENTS = '/restapi/v2.1/accounts/:accountId/envelopes/:envelopeId/documents';

interface OfDocument {
  Params: { envelopeId: string; documentId: string };
}

export function addDocumentRoutes({ context, envelopes, account }: ESignature): void {
  const { app, switches } = context;

  app.get<OfDocument>(DOCUMENTS, async (request) => {
    const { accountId } = account(request);
    const envelope = envelopes.of(accountId, request.params.envelopeId);
    return { envelopeId: envelope.envelopeId, envelopeDocuments: presentDocuments(envelope) };
  });

  app.get<OfDocument>(`${DOCUMENTS}/:documentId`, async (request, reply) => {
    const { accountId } = account(request);
    const { envelopeId, documentId } = request.params;
    const envelope = envelopes.of(accountId, envelopeId);
    const asked = queryOf(request).get('certificate');
    const certificate = asked === null ? switches.certificate_default : asked === 'true';
    const pdf = await download(envelope, documentId, { certificate, stable: switches.stable_pdf });
    envelopes.downloaded(envelope);
    reply.header(
      'content-disposition',
      `file; filename="${nameOf(envelope, documentId)}.pdf"; documentid="${documentId}"`,
    );
    if (request.headers['content-transfer-encoding'] === 'base64')
      return reply.type('application/pdf').header('content-transfer-encoding', 'base64').send(pdf.toString('base64'));
    return reply.type('application/pdf').send(pdf);
  });
}

async function download(
  envelope: Envelope,
  documentId: string,
  how: { certificate: boolean; stable: boolean },
): Promise<Buffer> {
  if (documentId === 'archive' || documentId === 'portfolio')
    throw invalidParameter(`The stand-in has no ${documentId}.`);
  if (documentId === 'certificate') {
    if (envelope.status === 'created') throw missing();
    return drawPdf(envelope, [], { ...how, certificate: true });
  }
  if (documentId === 'combined') {
    if (envelope.documents.length === 0) throw missing();
    return drawPdf(envelope, envelope.documents, {
      ...how,
      certificate: how.certificate && envelope.status !== 'created',
    });
  }
  const document = envelope.documents.find((candidate) => candidate.documentId === documentId);
  if (!document) throw missing();
  return drawPdf(envelope, [document], { ...how, certificate: false });
}

function nameOf(envelope: Envelope, documentId: string): string {
  const name = envelope.documents.find((document) => document.documentId === documentId)?.name ?? envelope.emailSubject;
  return name.replace(/[^\w .-]/g, '_') || 'document';
}

function missing(): Refusal {
  return new Refusal(404, 'DOCUMENT_DOES_NOT_EXIST', 'The document specified was not found.');
}
