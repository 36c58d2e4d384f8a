import type { Party } from '../../deal/party.js';
import type { CreatedEnvelope } from '../provider.js';
import { wireParties, type Metadata } from './envelopes.js';
import type { AtlasHttp } from './http.js';
import { createdSchema, templateSchema } from './schemas.js';

export interface AtlasTemplate {
  id: string;
  name: string | null;
  /** Labels that the parties of a send must carry. */
  roles: string[];
  prefillKeys: string[];
  /** Whether it can be sent; null where Atlas does not tell. */
  ready: boolean | null;
  /** Atlas's own marks of a change; null where it does not tell. */
  version: string | null;
  updatedAt: string | null;
}

export interface TemplateSend {
  parties: readonly Party[];
  /** Texts by prefill key; a key left out stays empty for the signer. */
  prefill: Readonly<Record<string, string>>;
  /** True sends at once, false leaves a draft to review. No default, because Atlas's own differs by door (Atlas notes 8). */
  autoSend: boolean;
  webhookUrl?: string;
  metadata: Metadata;
}

/** The template routes. All throw `AtlasError`. */
export class TemplateRoutes {
  constructor(private readonly http: AtlasHttp) {}

  async get(templateId: string): Promise<AtlasTemplate> {
    const answer = await this.http.call(
      { method: 'GET', route: '/api/templates/{id}', id: templateId },
      templateSchema,
    );
    return {
      id: templateId,
      name: answer.name ?? null,
      roles: answer.roles.filter((role) => role !== ''),
      prefillKeys: answer.prefill_keys.filter((key) => key !== ''),
      ready: answer.ready ?? null,
      version: answer.version ?? null,
      updatedAt: answer.updated_at ?? null,
    };
  }

  /** Makes an envelope of the template; a second call with the same key answers the first envelope. `reviewUrl` is null once sent. */
  async send(templateId: string, request: TemplateSend, idempotencyKey: string): Promise<CreatedEnvelope> {
    const json = {
      parties: wireParties(request.parties),
      prefill: request.prefill,
      auto_send: request.autoSend,
      webhook_url: request.webhookUrl,
      metadata: request.metadata,
    };
    const route = '/api/templates/{id}/send';
    const answer = await this.http.call({ method: 'POST', route, id: templateId, json, idempotencyKey }, createdSchema);
    return { envelopeId: answer.envelope_id, reviewUrl: answer.review_url ?? null };
  }
}
