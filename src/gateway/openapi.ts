/** The OpenAPI 3.1 document, put together from the schemas that the routes check with. */
import { z } from 'zod';
import { MESSAGES, type MessageName } from '../deal/messages.js';
import { MAY, MESSAGE_DEEDS, type Deed } from './access.js';
import {
  dealAnswer,
  listAnswer,
  messageAnswer,
  problemAnswer,
  queuedAnswer,
  reviewLinkAnswer,
  signLinkAnswer,
  startAnswer,
  webhookAnswer,
} from './answers.js';
import { MESSAGE_BODIES, startBody } from './bodies.js';
import { payloadsBody } from './codec-routes.js';
import { listQuery } from './deal-routes.js';

const MESSAGE_SUMMARIES: Record<MessageName, string> = {
  review: 'Approves or rejects the draft',
  cancel: 'Voids what is out and ends the deal',
  amend: 'Replaces parties or document by a new draft',
  resume: 'Lets a blocked deal try again',
  remind: 'Nudges the signer whose turn it is',
};

const PROBLEMS: Record<number, string> = {
  400: 'The request cannot be read',
  401: 'No token, an unknown one, or a wrong signature',
  403: 'The role may not do this',
  404: 'There is no such deal, or no such thing here',
  409: 'The deal has ended or is in no state for this',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The body is not what the route takes; errors names each field',
  429: 'Too many requests; see Retry-After',
  501: 'This gateway has no account at the provider of the deal',
  502: 'The e-sign provider refused, or its answer cannot be used',
  503: 'Temporal, its worker or the e-sign provider does not answer; see Retry-After',
};

function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const json = z.toJSONSchema(schema, { io });
  // OpenAPI 3.1 names the dialect once for the whole document.
  delete json.$schema;
  return json;
}

const jsonOf = (schema: object) => ({ 'application/json': { schema } });
const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const problems = (...statuses: number[]) =>
  Object.fromEntries(
    // Whoever has to show something may show it too often.
    (statuses.includes(401) ? [...statuses, 429] : statuses).map((status) => [
      status,
      {
        description: PROBLEMS[status] ?? 'Error',
        content: { 'application/problem+json': { schema: component('Problem') } },
      },
    ]),
  );

const answers = (status: number, description: string, schema: object) => ({
  [status]: { description, content: jsonOf(schema) },
});

const takes = (schema: z.ZodType) => ({ required: true, content: jsonOf(schemaOf(schema, 'input')) });

function guarded(deed: Deed) {
  return { security: [{ token: [] }], description: `Roles: ${MAY[deed].join(', ')}.` };
}

const dealId = { name: 'dealId', in: 'path', required: true, schema: { type: 'string' } };
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key again answers what the first request came to',
  schema: { type: 'string', maxLength: 255 },
};

function messagePath(name: MessageName) {
  return {
    post: {
      summary: MESSAGE_SUMMARIES[name],
      ...guarded(MESSAGE_DEEDS[name]),
      parameters: [dealId, idempotencyKey],
      requestBody: takes(MESSAGE_BODIES[name]),
      responses: {
        ...answers(200, 'The deal has taken it', schemaOf(messageAnswer, 'output')),
        ...answers(
          202,
          'The deal will take it after its present step: look at its timeline',
          schemaOf(queuedAnswer, 'output'),
        ),
        ...problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
      },
    },
  };
}

const LIST_PARAMETERS = Object.entries(listQuery.shape).map(([name, schema]) => ({
  name,
  in: 'query',
  schema: schemaOf(schema, 'input'),
}));

const open = (summary: string, description: string, failing: number[] = []) => ({
  get: { summary, security: [], responses: { 200: { description }, ...problems(...failing) } },
});

function webhookPath(summary: string, description: string) {
  return {
    post: {
      summary,
      description: `${description} 2xx once Temporal holds the event.`,
      security: [],
      requestBody: { required: true, content: jsonOf({ type: 'object' }) },
      responses: {
        ...answers(200, 'Held, or of no consequence', schemaOf(webhookAnswer, 'output')),
        ...problems(400, 401, 404, 413, 503),
      },
    },
  };
}

/** Temporal's remote codec. */
function codecPath(summary: string) {
  return {
    post: {
      summary,
      ...guarded('read payloads'),
      requestBody: takes(payloadsBody),
      responses: {
        ...answers(200, 'The payloads, in their order', schemaOf(payloadsBody, 'output')),
        ...problems(400, 401, 403, 404, 413, 415),
      },
    },
  };
}

/** The CRM's own notifications: hints, which are read back. */
function notificationPath(summary: string, description: string, content: object, held: object) {
  return {
    post: {
      summary,
      description: `${description} 2xx once Temporal holds the deals' ids; the records decide.`,
      security: [],
      requestBody: { required: true, content },
      responses: { 200: held, ...problems(400, 401, 413, 503) },
    },
  };
}

export const OPENAPI = {
  openapi: '3.1.0',
  info: { title: 'Countersign gateway', version: '0.1.0' },
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of GATEWAY_TOKENS' } },
    schemas: { Deal: schemaOf(dealAnswer, 'output'), Problem: schemaOf(problemAnswer, 'output') },
  },
  paths: {
    '/deals': {
      get: {
        summary: 'Deals by stage and the like, newest first, from Temporal’s visibility store',
        ...guarded('read a deal'),
        parameters: LIST_PARAMETERS,
        responses: { ...answers(200, 'One page', schemaOf(listAnswer, 'output')), ...problems(401, 403, 422, 503) },
      },
      post: {
        summary: 'Starts the deal, or attaches to it when it is open',
        ...guarded('start a deal'),
        requestBody: takes(startBody),
        responses: {
          ...answers(202, 'The deal is on its way', schemaOf(startAnswer, 'output')),
          ...problems(400, 401, 403, 409, 413, 415, 422, 503),
        },
      },
    },
    '/deals/{dealId}': {
      get: {
        summary: 'The deal as it stands',
        ...guarded('read a deal'),
        parameters: [
          dealId,
          { name: 'round', in: 'query', description: 'The latest by default', schema: { type: 'integer', minimum: 1 } },
        ],
        responses: { ...answers(200, 'The deal', component('Deal')), ...problems(401, 403, 404, 422, 503) },
      },
    },
    '/deals/{dealId}/sign-link': {
      get: {
        summary: 'The link of the signer whose turn it is, fetched from the provider',
        ...guarded('fetch the sign link'),
        parameters: [dealId],
        responses: {
          ...answers(200, 'The link', schemaOf(signLinkAnswer, 'output')),
          ...problems(401, 403, 404, 409, 502, 503),
        },
      },
    },
    '/deals/{dealId}/review-link': {
      get: {
        summary: 'The page of the provider where the draft is looked at and can be sent, fetched from the provider',
        ...guarded('see the review link'),
        parameters: [dealId],
        responses: {
          ...answers(200, 'The link', schemaOf(reviewLinkAnswer, 'output')),
          ...problems(401, 403, 404, 409, 501, 502, 503),
        },
      },
    },
    ...Object.fromEntries(MESSAGES.map((name) => [`/deals/{dealId}/${name}`, messagePath(name)])),
    '/webhooks/atlas': webhookPath("Atlas's events", 'Signed by X-Atlas-Signature over the exact bytes.'),
    '/codec/decode': codecPath('Decrypts payloads for Temporal’s UI and command line'),
    '/codec/encode': codecPath('Encrypts payloads for Temporal’s UI and command line'),
    '/mcp': {
      post: {
        summary: 'MCP for assistants, by streamable HTTP without sessions',
        ...guarded('talk to an assistant'),
        requestBody: { required: true, content: jsonOf({ type: 'object' }) },
        responses: {
          ...answers(200, 'The answer, as JSON or as events', { type: 'object' }),
          ...problems(401, 403, 413, 415),
        },
      },
    },
    '/healthz': open('Whether the process answers', 'It does'),
    '/readyz': open('Whether it reaches Temporal', 'It does', [503]),
    '/metrics': open('Prometheus metrics', 'In text format'),
    '/openapi.json': open('This document', 'OpenAPI 3.1'),
  },
};

const NOTIFICATIONS: Record<string, object> = {
  '/crm/hubspot': notificationPath(
    'Webhooks of HubSpot',
    'With CRM=hubspot. Batches of events, signed by X-HubSpot-Signature-v3.',
    jsonOf({ type: 'array', items: { type: 'object' } }),
    { description: 'Held' },
  ),
  '/crm/salesforce': notificationPath(
    'Outbound messages and callouts of Salesforce',
    'With CRM=salesforce. An outbound message carries the secret as ?key= in its address, a callout the headers of Standard Webhooks.',
    { 'text/xml': { schema: { type: 'string' } }, ...jsonOf({ type: 'object' }) },
    { description: 'Held, acknowledged in SOAP', content: { 'text/xml': { schema: { type: 'string' } } } },
  ),
};

const CONNECT = {
  '/webhooks/docusign': webhookPath(
    'Messages of DocuSign Connect',
    'JSON (SIM), signed by X-DocuSign-Signature-1 and so on over the exact bytes.',
  ),
};

/** With the routes that are there for the CRM and for the providers of the settings. */
export function openapiWith({ crm, docusign }: { crm: string | undefined; docusign: boolean }): typeof OPENAPI {
  const path = `/crm/${crm}`;
  const notifications = NOTIFICATIONS[path];
  const paths = { ...OPENAPI.paths, ...(docusign && CONNECT), ...(notifications && { [path]: notifications }) };
  return { ...OPENAPI, paths };
}
