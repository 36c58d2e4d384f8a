/** `/_sandbox/docusign/…`: what people and time do, for tests of other processes. Nothing here is DocuSign's. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { objectOf, textOf, type Given } from './definition.js';
import type { Envelope } from './envelope.js';
import { presentEnvelope } from './present.js';
import { faultSchema } from './faults.js';
import { invalidParameter } from './refusal.js';
import type { DocusignSandbox } from './server.js';
import { switchesSchema } from './settings.js';
import { presentTemplate } from './templates.js';

const ROOT = '/_sandbox/docusign';
const EVERYTHING = new Set(['recipients', 'tabs', 'custom_fields', 'documents']);

export function addControl(app: FastifyInstance, sandbox: Omit<DocusignSandbox, 'url' | 'stop'>): void {
  const { switches, faults, envelopes, templates, connect, tokens, users, accounts } = sandbox;

  app.get(`${ROOT}/settings`, async () => switches);
  app.post(`${ROOT}/settings`, async (request) => {
    const given = objectOf(request.body, 'The body');
    return Object.assign(switches, parsed(switchesSchema, { ...switches, ...given }));
  });

  app.get(`${ROOT}/state`, async () => sandbox.state());
  app.post(`${ROOT}/clock`, async (request) => {
    const { advance_ms } = parsed(z.strictObject({ advance_ms: z.number().min(0) }), request.body);
    sandbox.advance(advance_ms);
    return {};
  });

  app.get(`${ROOT}/faults`, async () => ({ faults: faults.live(), happened: Object.fromEntries(faults.happened) }));
  app.post(`${ROOT}/faults`, async (request, reply) => {
    const given = Array.isArray(request.body) ? request.body : [request.body];
    faults.add(given.map((fault: unknown) => parsed(faultSchema, fault)));
    return reply.code(201).send({ faults: faults.live() });
  });
  app.delete(`${ROOT}/faults`, async () => {
    faults.clear();
    return {};
  });

  app.post(`${ROOT}/tokens/revoke`, async () => {
    tokens.revokeAll();
    return {};
  });
  app.post(`${ROOT}/consent`, async (request) => {
    const { integrationKey, userId, scopes } = parsed(consentSchema, request.body);
    if (scopes === null) tokens.withdraw(integrationKey, userId);
    else tokens.consent(integrationKey, userId, scopes);
    return {};
  });

  app.get(`${ROOT}/envelopes`, async () => ({
    envelopes: envelopes.list().map((envelope) => presentEnvelope(envelope, users, EVERYTHING)),
  }));
  app.get<OfEnvelope>(`${ROOT}/envelopes/:id`, async (request) =>
    presentEnvelope(envelopes.of(null, request.params.id), users, EVERYTHING),
  );
  const people: Record<string, (envelope: Envelope, given: Given) => void | Promise<void>> = {
    view: (envelope, given) => envelopes.signing.view(envelope, textOf(given, 'recipientId')),
    sign: (envelope, given) => envelopes.signing.sign(envelope, textOf(given, 'recipientId'), valuesOf(given)),
    decline: (envelope, given) =>
      envelopes.signing.decline(envelope, textOf(given, 'recipientId'), textOf(given, 'reason') ?? 'No reason given'),
    edit: (envelope, given) => envelopes.edit(envelope, given),
    'send-from-page': (envelope) => envelopes.send(envelope),
    void: (envelope, given) => envelopes.void(envelope, textOf(given, 'reason') ?? 'Voided by the sender'),
    expire: (envelope) => envelopes.expire(envelope),
    delete: (envelope) => envelopes.recycle(envelope),
  };
  for (const [name, act] of Object.entries(people)) {
    app.post<OfEnvelope>(`${ROOT}/envelopes/:id/${name}`, async (request) => {
      const envelope = envelopes.of(null, request.params.id);
      await act(envelope, givenOf(request));
      return presentEnvelope(envelope, users, EVERYTHING);
    });
  }

  app.get(`${ROOT}/mails`, async () => ({ mails: envelopes.notices.mails }));

  app.get(`${ROOT}/connect`, async () => ({ messages: connect.messages }));
  app.post(`${ROOT}/connect/flush`, async () => {
    connect.flush();
    return {};
  });
  app.post(`${ROOT}/connect/send`, async (request) => {
    const { envelopeId, event } = parsed(z.strictObject({ envelopeId: z.string(), event: z.string() }), request.body);
    envelopes.notices.tellAnyway(envelopes.of(null, envelopeId), event);
    return {};
  });

  app.put(`${ROOT}/templates`, async (request) => {
    const given = objectOf(request.body, 'The body');
    const template = await templates.put(textOf(given, 'accountId') ?? accounts[0]?.accountId ?? '', given);
    return presentTemplate(template, EVERYTHING);
  });
}

interface OfEnvelope {
  Params: { id: string };
}

/** `scopes: null` withdraws. */
const consentSchema = z.strictObject({
  integrationKey: z.string(),
  userId: z.string(),
  scopes: z.array(z.string()).nullable(),
});

function givenOf(request: FastifyRequest): Given {
  return request.body === undefined ? {} : objectOf(request.body, 'The body');
}

function valuesOf(given: Given): Record<string, string> {
  const values = given['values'] === undefined ? {} : objectOf(given['values'], 'values');
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidParameter(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`);
}
