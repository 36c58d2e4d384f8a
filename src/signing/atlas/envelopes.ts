import { FormData } from 'undici';
import type { Party } from '../../deal/party.js';
import type { CreatedEnvelope, EnvelopeDocument } from '../provider.js';
import type { AtlasHttp, Call } from './http.js';
import {
  changedSchema,
  createdSchema,
  envelopeSchema,
  listSchema,
  statusSchema,
  type AtlasEnvelope,
  type AtlasList,
  type AtlasStatus,
} from './schemas.js';

/** What Atlas keeps with an envelope and hands back with its events; the list finds envelopes by `external_id`. */
export interface Metadata extends Readonly<Record<string, string>> {
  external_id: string;
  client_reference_id: string;
}

/** What a create carries beside the document. */
export interface CreateRequest {
  parties: readonly Party[];
  webhookUrl?: string;
  metadata: Metadata;
}

export interface ListFilter {
  status?: string;
  externalId?: string;
  /** What the answer before gave as `next`: a cursor, or a link of which only the query is taken. */
  next?: string;
  page?: number;
}

/** The envelope routes. Repeating any of them is safe with the same idempotency key, or by nature. All throw `AtlasError`. */
export class EnvelopeRoutes {
  constructor(private readonly http: AtlasHttp) {}

  /** Uploads PDF or DOCX bytes as they are. Atlas keeps idempotency keys of multipart and JSON apart (Atlas notes 9): stay with one. */
  async createFromFile(
    document: EnvelopeDocument,
    request: CreateRequest,
    idempotencyKey: string,
  ): Promise<CreatedEnvelope> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(document.bytes)], { type: document.contentType }), document.name);
    // One field each with JSON inside (Atlas notes 26.21). `auto_send` stays out: its text "false" may count as set.
    form.append('parties', JSON.stringify(wireParties(request.parties)));
    form.append('metadata', JSON.stringify(request.metadata));
    if (request.webhookUrl !== undefined) form.append('webhook_url', request.webhookUrl);
    return this.create({ form }, idempotencyKey);
  }

  async createFromBase64(
    document: EnvelopeDocument,
    request: CreateRequest,
    idempotencyKey: string,
  ): Promise<CreatedEnvelope> {
    const { buffer, byteOffset, byteLength } = document.bytes;
    const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    return this.create({ json: { document: base64, ...wireRequest(request) } }, idempotencyKey);
  }

  /** Atlas fetches the document itself, so the address must be open to it. */
  async createFromUrl(documentUrl: string, request: CreateRequest, idempotencyKey: string): Promise<CreatedEnvelope> {
    return this.create({ json: { document_url: documentUrl, ...wireRequest(request) } }, idempotencyKey);
  }

  async get(envelopeId: string): Promise<AtlasEnvelope> {
    return this.http.call({ method: 'GET', route: '/api/envelope/{id}', id: envelopeId }, envelopeSchema);
  }

  async status(envelopeId: string): Promise<AtlasStatus> {
    return this.http.call({ method: 'GET', route: '/api/envelope/{id}/status', id: envelopeId }, statusSchema);
  }

  /** Costs one credit. `conflict`: detection still runs, or the fields are no longer of `fieldsVersion` (Atlas notes 2.5); only a read tells which. */
  async send(
    envelopeId: string,
    request: { parties: readonly Party[]; fieldsVersion: number | null },
    idempotencyKey: string,
  ): Promise<void> {
    const json = {
      parties: wireParties(request.parties),
      ...(request.fieldsVersion !== null && { fields_version: request.fieldsVersion }),
    };
    await this.http.call(
      { method: 'POST', route: '/api/envelope/{id}/send', id: envelopeId, json, idempotencyKey },
      changedSchema,
    );
  }

  /** Replaces the fields of version `fieldsVersion`; answers the new version where Atlas tells it. */
  async patchFields(
    envelopeId: string,
    change: { fieldsVersion: number; fields: readonly Record<string, unknown>[] },
  ): Promise<{ fieldsVersion: number | null }> {
    const json = { fields_version: change.fieldsVersion, fields: change.fields };
    const call: Call = { method: 'PATCH', route: '/api/envelope/{id}/fields', id: envelopeId, json };
    const answer = await this.http.call(call, changedSchema);
    return { fieldsVersion: answer.fields_version ?? null };
  }

  async void(envelopeId: string, reason: string): Promise<void> {
    await this.http.call(
      { method: 'POST', route: '/api/envelope/{id}/void', id: envelopeId, json: { reason } },
      changedSchema,
    );
  }

  /** Nudges the signer whose turn it is. */
  async remind(envelopeId: string): Promise<void> {
    await this.http.call(
      { method: 'POST', route: '/api/envelope/{id}/remind', id: envelopeId, json: {} },
      changedSchema,
    );
  }

  /** One page. Filters are wishes: check the rows. */
  async list(filter: ListFilter = {}): Promise<AtlasList> {
    const query = new URLSearchParams();
    if (filter.status !== undefined) query.set('status', filter.status);
    if (filter.externalId !== undefined) query.set('external_id', filter.externalId);
    if (filter.page !== undefined) query.set('page', String(filter.page));
    const { next = '' } = filter;
    if (next.includes('?'))
      new URLSearchParams(next.slice(next.indexOf('?'))).forEach((value, name) => query.set(name, value));
    else if (next !== '') query.set('cursor', next);
    return this.http.call({ method: 'GET', route: '/api/envelopes', query }, listSchema);
  }

  private async create(body: Pick<Call, 'json' | 'form'>, idempotencyKey: string): Promise<CreatedEnvelope> {
    const call: Call = { method: 'POST', route: '/api/envelope', idempotencyKey, heavy: true, ...body };
    const answer = await this.http.call(call, createdSchema);
    return { envelopeId: answer.envelope_id, reviewUrl: answer.review_url ?? null };
  }
}

/** Parties in Atlas's words (Atlas notes 6). */
export function wireParties(parties: readonly Party[]): Record<string, unknown>[] {
  return parties.map((party) => ({
    email: party.email,
    ...(party.name !== undefined && { name: party.name }),
    ...(party.role !== undefined && { role: party.role }),
    order: party.order,
    ...(party.kind === 'cc' && { role_type: 'cc' }),
  }));
}

/** `auto_send` is always said, since its default is not certain (Atlas notes 26.7): a draft waits for its review. */
function wireRequest(request: CreateRequest): Record<string, unknown> {
  return {
    parties: wireParties(request.parties),
    webhook_url: request.webhookUrl,
    metadata: request.metadata,
    auto_send: false,
  };
}
