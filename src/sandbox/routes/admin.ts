import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '../body.js';
import { currentSigner, statusOf, type DetectionOutcome, type Envelope, type Party } from '../model.js';
import { standInSchema } from '../parties.js';
import { Refusal } from '../refusal.js';
import { settingsSchema } from '../settings.js';
import { stateOf } from '../state.js';
import { templateSchema } from '../templates.js';
import type { World } from '../world.js';
import { refuse } from './answers.js';
import { addFaultRoutes } from './faults.js';
import { pathId, read, requireLoopback } from './reading.js';

const outcomes: readonly DetectionOutcome[] = ['ready', 'failed', 'recovered_empty', 'never'];

const settingsBodySchema = z.looseObject({
  next_detections: z.array(z.enum(outcomes)).optional(),
  credits: z.record(z.string(), z.number().int().min(0)).optional(),
  suspended: z.record(z.string(), z.boolean()).optional(),
});

const signSchema = z.strictObject({ party: z.number().int().min(1).optional(), name: z.string().optional() });
const declineSchema = z.strictObject({ party: z.number().int().min(1).optional(), reason: z.string().optional() });
const reassignSchema = standInSchema.extend({ party: z.number().int().min(1).optional() });

type Work = (id: string, body: Record<string, unknown>) => unknown;
/** Adds a route below `/_sandbox`. */
export type AddRoute = (method: 'GET' | 'POST', url: string, work: Work) => void;

/**
 * What a test, the demo or the soak may do to the sandbox behind Atlas's back. No authentication, callers on loopback only; JSON in and out, refusals
 * as on the API.
 *
 * - `GET /_sandbox/state`: `{envelopes, byStatus, drafts, sends, voids, credits, spent, refunded, mails, deliveries, attempts, calls,
 *   bucketAuthorizationLeaks, duplicates, faults, settings}`. `sends` counts envelopes ever sent, `credits`, `spent` and `refunded` are by API key
 *   (keys of one organisation share them), `deliveries` are by state, `faults` count by kind what went wrong on purpose in this run.
 *   `duplicates.externalIds`: how many `external_id`s have more than one envelope that was ever sent, or more than one draft or pending one;
 *   `duplicates.sends`: how many envelopes were sent by more than one successful call, replays not counted.
 * - `GET /_sandbox/envelopes`: `[{id, status, external_id, account, templateId}]`, oldest first; `account` is the tenant's.
 * - `GET /_sandbox/envelopes/:id`: the whole record with `status`, `review_url`, `parties[].sign_url`, `deliveries`, `mails` and `calls`.
 * - `POST /_sandbox/envelopes/:id/sign` `{party?: order, name?}`: looks at and signs for that party, by default the one whose turn it is.
 * - `POST /_sandbox/envelopes/:id/decline` `{party?: order, reason?}`.
 * - `POST /_sandbox/envelopes/:id/reassign` `{party?: order, email, name?}`: somebody else signs for the party whose turn it is. 409 for any other.
 * - `POST /_sandbox/envelopes/:id/review-send`: presses Send on the review page.
 * - `POST /_sandbox/envelopes/:id/place-fields`: places the usual fields on the review page, which raises `fields_version`.
 * - `POST /_sandbox/settings`: any of the switches, `next_detections` (outcomes for the next envelopes), `credits` and `suspended` (by API key).
 *   Kept over a restart, over what the environment says.
 * - `POST /_sandbox/webhooks/flush`: tries all undelivered webhooks now; `{attempted, delivered}`.
 * - `POST /_sandbox/templates` `{id, name, roles, prefill_keys?, ready?}`: makes or replaces a template.
 * - `GET /_sandbox/mails`: the outbox.
 * - `POST /_sandbox/faults` `{faults: [{kind, route?, envelope?, event?, times? | share?, ms?, status?, retry_after?, content_length?}], seed?}`: adds
 *   rules of what goes wrong (the kinds and their parameters: fault.ts). `route` is one route (`POST /api/envelope/:id/send`; the bucket's is
 *   `GET /signed/:file`) or a regular expression that is searched for in method and path; `event` is of a webhook. A rule strikes the next `times`
 *   matches (1), or each with the probability `share`, the same ones in each run with the same `seed`. At one call, the first rule that strikes
 *   wins, kinds before the call ahead of those after it, and only latency comes in addition; several webhook rules may strike one delivery.
 *   Answers `{faults, counts}`: the live rules, with what is left of `times` and how often each `happened`, and the counts by kind. Rules and
 *   counts end with the process.
 * - `GET /_sandbox/faults`: the same.
 * - `POST /_sandbox/faults/clear`: ends all rules; the counts stay.
 *
 * One call of the API, or one download, goes wrong without a rule by the header `X-Sandbox-Fault: kind` or `kind; ms=200; status=500`, from this
 * machine only. Webhook kinds then strike what this call causes.
 */
export function addAdminRoutes(app: FastifyInstance, world: World): void {
  const { store, envelopes, switches } = world;

  const route: AddRoute = (method, url, work) => {
    app.route({
      method,
      url: `/_sandbox${url}`,
      handler: async (request, reply) => answer(world, request, reply, work),
    });
  };
  const find = (id: string): Envelope => {
    const envelope = store.envelopes.get(id);
    if (envelope === undefined) throw new Refusal(404, 'not_found', 'There is no such envelope');
    return envelope;
  };
  const act = (id: string, change: (envelope: Envelope) => void): unknown => {
    const envelope = find(id);
    store.transact(() => change(envelope));
    return { envelope_id: envelope.id, status: statusOf(envelope) };
  };

  route('GET', '/state', () => stateOf(world));
  route('GET', '/mails', () => [...store.mails.all()]);
  route('GET', '/envelopes', () => {
    return [...store.envelopes.all()].map((envelope) => ({
      id: envelope.id,
      status: statusOf(envelope),
      external_id: envelope.metadata['external_id'] ?? null,
      account: store.accounts.get(envelope.organisation)?.connected?.externalId ?? null,
      templateId: envelope.templateId,
    }));
  });
  route('GET', '/envelopes/:id', (id) => describe(world, find(id)));
  route('POST', '/envelopes/:id/sign', (id, body) => {
    const { party: order, name } = read(signSchema, body);
    return act(id, (envelope) => {
      const party = chosen(envelope, order);
      envelopes.view(envelope, party);
      envelopes.sign(envelope, party, name ?? party.name ?? party.email, '127.0.0.1', new Map());
    });
  });
  route('POST', '/envelopes/:id/decline', (id, body) => {
    const { party: order, reason } = read(declineSchema, body);
    return act(id, (envelope) => {
      const party = chosen(envelope, order);
      envelopes.view(envelope, party);
      envelopes.decline(envelope, party, reason ?? null);
    });
  });
  route('POST', '/envelopes/:id/reassign', (id, body) => {
    const { party: order, email, name } = read(reassignSchema, body);
    return act(id, (envelope) => envelopes.reassign(envelope, chosen(envelope, order), { email, name: name ?? null }));
  });
  route('POST', '/envelopes/:id/review-send', (id) => {
    return act(id, (envelope) => envelopes.send(envelope, null, envelope.fieldsVersion));
  });
  route('POST', '/envelopes/:id/place-fields', (id) => act(id, (envelope) => envelopes.placeUsualFields(envelope)));
  route('POST', '/settings', (_id, body) => {
    const { next_detections: next, credits, suspended, ...changes } = read(settingsBodySchema, body);
    read(settingsSchema, { ...switches.now, ...changes });
    store.transact(() => {
      switches.change(changes);
      if (next !== undefined) switches.scriptDetections(next);
      for (const [key, value] of Object.entries(credits ?? {})) changeAccount(world, key, { credits: value });
      for (const [key, value] of Object.entries(suspended ?? {})) changeAccount(world, key, { suspended: value });
    });
    world.webhooks.resume();
    return switches.now;
  });
  route('POST', '/webhooks/flush', () => world.webhooks.flush());
  route('POST', '/templates', (_id, body) => {
    const given = read(templateSchema, body);
    return world.present.template(store.transact(() => world.templates.define(given)));
  });
  addFaultRoutes(route, world.faults);
}

async function answer(world: World, request: FastifyRequest, reply: FastifyReply, work: Work): Promise<FastifyReply> {
  try {
    requireLoopback(request.ip);
    const { values } = await parseBody(request.body, request.headers['content-type']);
    const result = await work(pathId(request), values);
    return await reply.type('application/json').send(JSON.stringify(result));
  } catch (error) {
    if (error instanceof Refusal) return refuse(world, reply, error);
    throw error;
  }
}

function chosen(envelope: Envelope, order: number | undefined): Party {
  if (order === undefined) {
    const party = currentSigner(envelope);
    if (party === null) throw new Refusal(409, 'not_pending', `This envelope is ${statusOf(envelope)}`);
    return party;
  }
  const party = envelope.parties.find((candidate) => candidate.order === order && candidate.roleType !== 'cc');
  if (party === undefined) throw new Refusal(404, 'not_found', `There is no signer of order ${order}`);
  return party;
}

function changeAccount(world: World, key: string, change: { credits?: number; suspended?: boolean }): void {
  const organisation = world.accounts.organisationOf(key);
  if (organisation === null) throw new Refusal(400, 'unknown_key', `There is no API key "${key}"`);
  world.store.accounts.put({ ...world.accounts.account(organisation), ...change });
}

function describe({ store, links }: World, envelope: Envelope): unknown {
  return {
    ...envelope,
    status: statusOf(envelope),
    review_url: links.review(envelope),
    parties: envelope.parties.map((party) => ({ ...party, sign_url: links.sign(envelope, party) })),
    deliveries: store.deliveries.in(envelope.id),
    mails: store.mails.in(envelope.id),
    calls: store.calls.in(envelope.id),
  };
}
