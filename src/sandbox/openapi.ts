/** What the sandbox publishes of its API, as Atlas does at `/openapi.json` (Atlas notes 1): what it really takes and gives. */
import type { Settings } from './settings.js';

type Json = Record<string, unknown>;

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const count = { type: 'integer', minimum: 0 };
const flag = { type: 'boolean' };
const instant = { type: 'string', format: 'date-time' };
const instantOrNull = { type: ['string', 'null'], format: 'date-time' };
const link = { type: 'string', format: 'uri' };
const words = (...list: string[]): Json => ({ type: 'string', enum: list });
const list = (items: Json): Json => ({ type: 'array', items });
const object = (properties: Json, required: string[] = []): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const STATUS = words('draft', 'pending', 'signed', 'declined', 'voided');
const PLACE = { page: { type: 'integer', minimum: 1 }, x_pct: ref('Fraction'), y_pct: ref('Fraction') };
const SIZE = { w_pct: ref('Fraction'), h_pct: ref('Fraction') };

/** What a create and a template send say beside the document (Atlas notes 2.1). */
const DETAILS: Json = {
  webhook_url: link,
  metadata: { type: 'object', additionalProperties: true },
  auto_send: flag,
  legal_framework: words('esign_ueta', 'eidas_ses', 'eidas_qes', 'uk_esign', 'ueca_canada'),
  team_id: text,
};

function schemas(id: string): Json {
  const outcome = { [id]: text, status: STATUS };
  const answered = { ...outcome, success: flag };
  return {
    Fraction: { type: 'number', minimum: 0, maximum: 1 },
    Party: object(
      {
        email: { type: 'string', format: 'email' },
        name: text,
        role: text,
        role_name: text,
        role_type: text,
        order: { type: 'integer', minimum: 1 },
        company: text,
      },
      ['email'],
    ),
    PartyProgress: object({
      ...{ email: text, name: textOrNull, role: textOrNull, role_type: textOrNull, company: textOrNull },
      order: { type: 'integer', minimum: 1 },
      status: { anyOf: [words('pending', 'waiting', 'signed', 'declined'), { type: 'null' }] },
      signed_at: instantOrNull,
      sign_url: link,
    }),
    Field: object({
      ...{ id: text, type: text, label: textOrNull, ...PLACE, ...SIZE, confidence: { type: ['number', 'null'] } },
      party_index: { type: ['integer', 'null'] },
      party_order: { type: ['integer', 'null'] },
      required: flag,
      value: textOrNull,
    }),
    Document: object({ name: text, pages: { type: ['integer', 'null'] }, bytes: count, sha256: text, source: text }),
    Details: object(DETAILS),
    Created: object({ ...outcome, review_url: link, sign_url: link }, [id]),
    Envelope: object(
      {
        ...{ ...outcome, created_at: instant, sent_at: instantOrNull, signed_at: instantOrNull },
        ...{
          declined_at: instantOrNull,
          decline_reason: textOrNull,
          voided_at: instantOrNull,
          void_reason: textOrNull,
        },
        document: ref('Document'),
        template_id: textOrNull,
        fields_status: words('pending', 'ready', 'failed', 'recovered_empty'),
        fields_version: count,
        detected_parties: list(object({ name: text, role_hint: textOrNull })),
        fields: list(ref('Field')),
        parties: list(ref('PartyProgress')),
        metadata: { type: 'object', additionalProperties: true },
        ...{ webhook_url: textOrNull, legal_framework: text, team_id: textOrNull, consumer_disclosure: flag },
        ...{ review_url: link, signed_download_url: link },
      },
      [id, 'status'],
    ),
    SignerView: object({
      ...{ ...outcome, document: ref('Document'), party: ref('PartyProgress'), fields: list(ref('Field')) },
      ...{ legal_framework: text, consumer_disclosure: flag, qes_required: flag },
    }),
    Progress: object(
      { status: STATUS, signed_count: count, total: count, next_signer_email: textOrNull, sign_url: textOrNull },
      ['status', 'signed_count', 'total'],
    ),
    Row: object(
      {
        ...{ ...outcome, fields_status: text, created_at: instant, document: ref('Document') },
        metadata: { type: 'object', additionalProperties: true },
      },
      [id],
    ),
    Sent: object({ ...answered, parties: list(ref('PartyProgress')) }),
    Fields: object({ [id]: text, success: flag, fields_version: count, fields: list(ref('Field')) }),
    Voided: object({ ...answered, credit_refunded: flag }),
    Declined: object({ ...answered, declined_at: instantOrNull }),
    Reminded: object({ ...answered, reminded: text }),
    ConnectedAccount: object({
      ...{ success: flag, connected_org_id: text, external_id: text, name: text, billing_mode: text, status: text },
    }),
    Template: object({
      ...{
        template_id: text,
        name: text,
        ready: flag,
        updated_at: instant,
        roles: list(text),
        prefill_keys: list(text),
      },
      fields: list(
        object({
          id: text,
          type: text,
          label: textOrNull,
          role: textOrNull,
          prefill_key: textOrNull,
          ...PLACE,
          ...SIZE,
        }),
      ),
    }),
  };
}

const json = (schema: Json): Json => ({ 'application/json': { schema } });
const answers = (schema: Json, status = 200): Json => ({
  responses: { [status]: { description: 'Done', content: json(schema) }, default: { description: 'Refused' } },
});
const takes = (content: Json): Json => ({ requestBody: { required: true, content } });
const withDetails = (...parts: Json[]): Json => ({ allOf: [ref('Details'), ...parts] });
const parties = { parties: list(ref('Party')) };

const KEY = { name: 'Idempotency-Key', in: 'header', schema: text };
const ID = { name: 'id', in: 'path', required: true, schema: text };
const TOKEN = { name: 't', in: 'query', schema: text };

function paths({ created_status: created }: Settings): Json {
  const documents = [
    object({ document: text, ...parties }, ['document']),
    object({ document_url: link, ...parties }, ['document_url']),
  ];
  // In multipart, lists and objects are JSON in one form field (Atlas notes 2.1).
  const form = object(
    {
      file: { type: 'string', contentMediaType: 'application/octet-stream' },
      ...DETAILS,
      parties: text,
      metadata: text,
      auto_send: text,
    },
    ['file'],
  );
  const page = object({ envelopes: list(ref('Row')), next_cursor: textOrNull }, ['envelopes']);
  const query = (name: string, schema: Json): Json => ({ name, in: 'query', schema });
  return {
    '/api/envelope': {
      post: {
        parameters: [KEY],
        ...takes({ 'multipart/form-data': { schema: form }, ...json(withDetails({ oneOf: documents })) }),
        ...answers(ref('Created'), created),
      },
    },
    '/api/envelope/{id}': {
      parameters: [ID],
      get: { parameters: [TOKEN], ...answers({ anyOf: [ref('Envelope'), ref('SignerView')] }) },
    },
    '/api/envelope/{id}/status': { parameters: [ID], get: answers(ref('Progress')) },
    '/api/envelope/{id}/send': {
      parameters: [ID],
      post: {
        parameters: [KEY],
        ...takes(json(object({ ...parties, fields_version: count }))),
        ...answers(ref('Sent')),
      },
    },
    '/api/envelope/{id}/fields': {
      parameters: [ID],
      patch: {
        ...takes(json(object({ fields_version: count, fields: list(ref('Field')) }, ['fields_version', 'fields']))),
        ...answers(ref('Fields')),
      },
    },
    '/api/envelope/{id}/void': {
      parameters: [ID],
      post: { ...takes(json(object({ reason: text }))), ...answers(ref('Voided')) },
    },
    '/api/envelope/{id}/decline': {
      parameters: [ID, TOKEN],
      post: { ...takes(json(object({ reason: text }))), ...answers(ref('Declined')) },
    },
    '/api/envelope/{id}/remind': {
      parameters: [ID],
      post: { ...takes(json(object({}))), ...answers(ref('Reminded')) },
    },
    '/api/envelope/{id}/pdf': {
      parameters: [ID],
      get: {
        responses: {
          200: { description: 'The signed PDF', content: { 'application/pdf': {} } },
          302: { description: 'Where it is' },
        },
      },
    },
    '/api/envelopes': {
      get: {
        parameters: [query('status', STATUS), query('external_id', text), query('limit', count), query('cursor', text)],
        ...answers(page),
      },
    },
    '/api/platform/connected-accounts': {
      get: answers(object({ connected_accounts: list(ref('ConnectedAccount')) })),
      post: {
        ...takes(
          json(
            object(
              {
                ...{ external_id: text, name: text, initial_credits: count },
                billing_mode: words('platform_pays', 'child_pays'),
              },
              ['external_id', 'name'],
            ),
          ),
        ),
        ...answers(
          object({ success: flag, connected_org_id: text, external_id: text, created: flag, next_step: text }),
        ),
      },
    },
    '/api/platform/connected-accounts/{id}': {
      parameters: [ID],
      patch: {
        ...takes(json(object({ status: words('active', 'suspended') }, ['status']))),
        ...answers(ref('ConnectedAccount')),
      },
    },
    '/api/templates/{id}': { parameters: [ID], get: answers(ref('Template')) },
    '/api/templates/{id}/send': {
      parameters: [ID],
      post: {
        parameters: [KEY],
        ...takes(
          json(
            withDetails(object({ ...parties, prefill: { type: 'object', additionalProperties: text } }, ['parties'])),
          ),
        ),
        ...answers(ref('Created'), created),
      },
    },
  };
}

/** The document for a sandbox that answers by these settings. */
export function openApiDocument(settings: Settings): Json {
  const document = {
    openapi: '3.1.0',
    info: { title: 'Atlas ESIGN API', version: '2.0.0', description: 'The sandbox’s own' },
    servers: [{ url: '/' }],
    security: [{ BearerAuth: [] }],
    paths: paths(settings),
    components: {
      securitySchemes: { BearerAuth: { type: 'http', scheme: 'bearer' } },
      schemas: schemas(settings.id_key),
    },
  };
  return settings.openapi === 'drifted' ? drifted(document) : document;
}

/** The document of an Atlas that has moved on: a route and a method gone, a field demanded, one refused, one renamed, a new word. */
function drifted(document: { paths: Json; components: { schemas: Json } }): Json {
  const { '/api/envelope/{id}/remind': _gone, ...rest } = document.paths;
  const progress = object({ state: STATUS, signed_count: count, total: count, sign_url: textOrNull }, ['state']);
  const party = object({ email: text, phone: text, name: text, role: text, role_type: text, order: count }, [
    'email',
    'phone',
  ]);
  return {
    ...document,
    paths: {
      ...rest,
      '/api/envelope/{id}/void': { put: answers(ref('Voided')) },
      '/api/envelope/{id}/send': {
        parameters: [ID],
        post: { ...takes(json({ ...object({ ...parties }), additionalProperties: false })), ...answers(ref('Sent')) },
      },
    },
    components: {
      ...document.components,
      schemas: {
        ...document.components.schemas,
        Party: party,
        Progress: { ...progress, additionalProperties: false },
        Row: object({ uuid: text, metadata: { type: 'object' } }),
        PartyProgress: object({ role: text, order: count, status: words('pending', 'waiting', 'signed', 'delegated') }),
      },
    },
  };
}
