import { objectOf, textOf, type Given } from './definition.js';
import type { Envelope } from './envelope.js';
import { includeOf, queryOf, type ESignature } from './esignature.js';
import { listEnvelopes, listIn } from './listing.js';
import { presentCustomFields, presentEnvelope, presentRecipients, stamp } from './present.js';
import { invalidParameter, Refusal } from './refusal.js';
import type { Switches } from './settings.js';

const ACCOUNT = '/restapi/v2.1/accounts/:accountId';
const ENVELOPE = `${ACCOUNT}/envelopes/:envelopeId`;

interface OfEnvelope {
  Params: { envelopeId: string };
}

export function addEnvelopeRoutes(esignature: ESignature): void {
  const { context, envelopes } = esignature;
  const { app, switches, users, now } = context;
  const shelf = { envelopes, switches, users, now };

  app.post(`${ACCOUNT}/envelopes`, async (request, reply) => {
    const { accountId, bearer } = esignature.account(request);
    const envelope = await envelopes.create(accountId, bearer.userId, bodyOf(request.body));
    return reply.code(201).send(summaryOf(envelope));
  });

  app.get(`${ACCOUNT}/envelopes`, async (request) => {
    const { accountId } = esignature.account(request);
    const query = queryOf(request);
    const asked = { envelopeIds: listIn(query, 'envelope_ids'), transactionIds: listIn(query, 'transaction_ids') };
    return listEnvelopes(shelf, { accountId, query, ...asked });
  });

  app.put(`${ACCOUNT}/envelopes/status`, async (request) => {
    const { accountId } = esignature.account(request);
    const query = queryOf(request);
    const body = bodyOf(request.body);
    const fromBody = (name: string): string[] => strings(body[name], name);
    const ids = query.get('envelope_ids');
    const transactions = query.get('transaction_ids');
    return listEnvelopes(shelf, {
      accountId,
      query,
      envelopeIds: ids === null || ids === 'request_body' ? fromBody('envelopeIds') : listIn(query, 'envelope_ids'),
      transactionIds:
        transactions === null || transactions === 'request_body'
          ? fromBody('transactionIds')
          : listIn(query, 'transaction_ids'),
    });
  });

  app.get<OfEnvelope>(ENVELOPE, async (request) => {
    const { accountId } = esignature.account(request);
    return presentEnvelope(envelopes.of(accountId, request.params.envelopeId), users, includeOf(request));
  });

  app.put<OfEnvelope>(ENVELOPE, async (request) => {
    const { accountId } = esignature.account(request);
    const envelope = envelopes.of(accountId, request.params.envelopeId);
    const body = bodyOf(request.body);
    const result = attempt(envelope, switches, () => {
      change(esignature, envelope, body);
      if (queryOf(request).get('resend_envelope') === 'true') envelopes.resend(envelope);
    });
    if (result.refusal && switches.update_errors === 'status') throw result.refusal;
    return result.item;
  });

  app.get<OfEnvelope>(`${ENVELOPE}/recipients`, async (request) => {
    const { accountId } = esignature.account(request);
    const withTabs = queryOf(request).get('include_tabs') === 'true';
    return presentRecipients(envelopes.of(accountId, request.params.envelopeId), withTabs);
  });

  app.get<OfEnvelope>(`${ENVELOPE}/custom_fields`, async (request) => {
    const { accountId } = esignature.account(request);
    return presentCustomFields(envelopes.of(accountId, request.params.envelopeId));
  });

  app.put(`${ACCOUNT}/folders/recyclebin`, async (request) => {
    const { accountId } = esignature.account(request);
    const ids = strings(bodyOf(request.body)['envelopeIds'], 'envelopeIds');
    if (ids.length === 0) throw invalidParameter('envelopeIds is empty.');
    const moved = ids.map((envelopeId) => envelopes.of(accountId, envelopeId));
    const results = moved.map((envelope) => attempt(envelope, switches, () => envelopes.recycle(envelope)));
    return { folders: [], envelopes: results.map(({ item }) => item) };
  });
}

/** A change of one envelope of several that are told of in one answer. */
function attempt(
  { envelopeId }: Envelope,
  switches: Switches,
  work: () => void,
): { item: Record<string, unknown>; refusal: Refusal | null } {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { item: { envelopeId, errorDetails: error.bodyFor('') }, refusal: error };
  }
  const errorDetails = { errorCode: 'SUCCESS', message: '' };
  return { item: { envelopeId, ...(switches.success_details && { errorDetails }) }, refusal: null };
}

function change({ envelopes }: ESignature, envelope: Envelope, body: Given): void {
  const status = textOf(body, 'status');
  switch (status) {
    case 'sent':
      return envelopes.send(envelope);
    case 'voided':
      return envelopes.void(envelope, textOf(body, 'voidedReason'));
    case null:
      if (body['emailSubject'] !== undefined || body['emailBlurb'] !== undefined) envelopes.revise(envelope, body);
      return;
    default:
      throw new Refusal(400, 'ENVELOPE_INVALID_STATUS', 'Invalid envelope status.');
  }
}

function summaryOf(envelope: Envelope): Record<string, string> {
  const { envelopeId, status, changedAt } = envelope;
  return { envelopeId, uri: `/envelopes/${envelopeId}`, statusDateTime: stamp(changedAt), status };
}

export function bodyOf(body: unknown): Given {
  if (body === undefined)
    throw new Refusal(400, 'INVALID_REQUEST_BODY', 'The request body is missing or improperly formatted.');
  return objectOf(body, 'The body');
}

function strings(value: unknown, name: string): string[] {
  const list = value ?? [];
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string'))
    throw invalidParameter(`${name} is no list of strings.`);
  return list;
}
