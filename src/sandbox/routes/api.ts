import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fingerprint, parseBody, type ParsedBody } from '../body.js';
import type { Fault, Target } from '../fault.js';
import type { IdempotentRequest } from '../idempotency.js';
import type { ApiKey, Envelope, StoredAnswer } from '../model.js';
import { Refusal } from '../refusal.js';
import type { World } from '../world.js';
import {
  answerWrongly,
  INSTEAD_OF_ANSWER,
  INSTEAD_OF_CALL,
  PDF_FAULTS,
  refuse,
  respond,
  type Answer,
  type Settled,
} from './answers.js';
import { askedFault, sceneOf } from './asked-fault.js';
import { pathId } from './reading.js';

/** One call: who makes it, about what, with what. */
export interface Call {
  /** The `:id` of the path; empty where there is none. */
  id: string;
  body: ParsedBody;
  query: URLSearchParams;
  bearer: string | null;
  ip: string;
  /** The caller's API key; 401 without one. */
  key(): ApiKey;
  /** The envelope of the path: 404 unless it belongs to the caller's organisation. */
  envelope(): Envelope;
  /** The envelope of the path whoever calls, for routes that check a signer's token instead. */
  anyEnvelope(): Envelope;
}

export interface RouteOptions {
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  /** Whether `Idempotency-Key` is honoured: on create, send and template send (Atlas notes 9). */
  idempotent?: true;
  /** Whether a signer's token may stand in for the API key. */
  signerMayCall?: true;
}

/** Reads and checks at leisure, then returns the change itself: one synchronous step that is kept together with its idempotency record. */
export type Prepare = (call: Call) => (() => Answer) | Promise<() => Answer>;

/**
 * The one way in to the API: authentication, body, idempotency, the change with its journal line, the record of the call, the answer in the shape of
 * the day. Whatever goes wrong on purpose between a caller and Atlas does so here: before `settle` nothing has happened, after it all has.
 */
export function addApiRoute(app: FastifyInstance, world: World, options: RouteOptions, prepare: Prepare): void {
  app.route({
    method: options.method,
    url: options.url,
    handler: async (request, reply) => {
      try {
        const asked = askedFault(request, targetsOf(world, options));
        return await answer(world, options, request, reply, prepare, asked);
      } catch (error) {
        if (error instanceof Refusal) return refuse(world, reply, error);
        throw error;
      }
    },
  });
}

/** What of a call can be made to go wrong. Its answer is a PDF only where that comes without a link. */
function targetsOf(world: World, { url }: RouteOptions): Target[] {
  const withBytes = url.endsWith('/pdf') && world.switches.now.pdf_delivery === 'bytes';
  return withBytes ? ['call', 'webhook', 'pdf'] : ['call', 'webhook'];
}

async function answer(
  world: World,
  options: RouteOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  prepare: Prepare,
  asked: Fault | null,
): Promise<FastifyReply> {
  const { faults } = world;
  const scene = sceneOf(request);
  const latency = faults.take(['latency'], scene, asked);
  if (latency !== null) await faults.wait(latency.ms);
  const before = faults.take(INSTEAD_OF_CALL, scene, asked);
  if (before !== null) return answerWrongly(world, reply, before);
  const settled = await settle(world, options, request, prepare, asked);
  const after = faults.take(INSTEAD_OF_ANSWER, scene, asked);
  if (after !== null) return answerWrongly(world, reply, after);
  return respond(world, reply, settled, () => faults.take(PDF_FAULTS, scene, asked));
}

async function settle(
  world: World,
  options: RouteOptions,
  request: FastifyRequest,
  prepare: Prepare,
  asked: Fault | null,
): Promise<Settled> {
  try {
    if (options.signerMayCall === undefined) world.accounts.authenticate(request.headers.authorization);
    if (request.headers['atlas-account'] !== undefined) callerOf(world, request);
    const call = callOf(world, request, await parseBody(request.body, request.headers['content-type']));
    const header = request.headers['idempotency-key'];
    if (options.idempotent === undefined || header === undefined)
      return await run(world, request, call, prepare, asked, null);
    const idempotent: IdempotentRequest = {
      keyId: keyedTo(call.key()),
      method: request.method,
      path: pathOf(request),
      transport: call.body.transport,
      key: String(header),
      fingerprint: fingerprint(call.body),
    };
    const stored = world.idempotency.begin(idempotent);
    if (stored !== null) return replay(world, request, call, stored);
    try {
      return await run(world, request, call, prepare, asked, idempotent);
    } finally {
      world.idempotency.end(idempotent);
    }
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    throw error;
  }
}

async function run(
  world: World,
  request: FastifyRequest,
  call: Call,
  prepare: Prepare,
  asked: Fault | null,
  idempotent: IdempotentRequest | null,
): Promise<Settled> {
  let execute: () => Answer;
  try {
    execute = await prepare(call);
  } catch (error) {
    execute = () => {
      throw error;
    };
  }
  const change = (): Settled => {
    const settled = attempt(execute);
    const stored = storedForm(settled, call);
    if (idempotent !== null) world.idempotency.remember(idempotent, stored);
    record(world, request, call, stored, false);
    return settled;
  };
  return world.faults.during(asked, () => world.store.transact(change));
}

function attempt(execute: () => Answer): Settled {
  try {
    return execute();
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    throw error;
  }
}

function storedForm(settled: Settled, call: Call): StoredAnswer {
  const envelopeId = call.id === '' ? null : call.id;
  if ('refusal' in settled) {
    const { status, code, message } = settled.refusal;
    return { status, body: null, refusal: { code, message }, envelopeId };
  }
  if ('redirect' in settled) return { status: 302, body: null, refusal: null, envelopeId };
  if ('pdf' in settled) return { status: 200, body: null, refusal: null, envelopeId };
  return { status: settled.status, body: settled.body, refusal: null, envelopeId: settled.envelopeId ?? envelopeId };
}

/** The original answer, word for word, whatever has become of the envelope since. */
function replay(world: World, request: FastifyRequest, call: Call, stored: StoredAnswer): Settled {
  world.store.transact(() => record(world, request, call, stored, true));
  if (stored.refusal === null) return { status: stored.status, body: stored.body };
  return { refusal: new Refusal(stored.status, stored.refusal.code, stored.refusal.message) };
}

function record(world: World, request: FastifyRequest, call: Call, stored: StoredAnswer, replayed: boolean): void {
  if (stored.envelopeId === null || world.store.envelopes.get(stored.envelopeId) === undefined) return;
  const idempotencyKey = request.headers['idempotency-key'];
  world.store.calls.put({
    id: randomUUID(),
    envelopeId: stored.envelopeId,
    at: world.clock.now().toISOString(),
    method: request.method,
    path: pathOf(request),
    status: stored.status,
    transport: request.method === 'GET' ? null : call.body.transport,
    idempotencyKey: idempotencyKey === undefined ? null : String(idempotencyKey),
    replayed,
  });
}

/** Who calls, and for whose account (Atlas notes 16). */
function callerOf({ accounts }: World, { headers }: FastifyRequest): ApiKey {
  const account = headers['atlas-account'];
  return accounts.actingFor(
    accounts.authenticate(headers.authorization),
    account === undefined ? account : String(account),
  );
}

/** Each account has its own idempotency keys. */
function keyedTo({ id, organisation }: ApiKey): string {
  return `${id}/${organisation}`;
}

function callOf(world: World, request: FastifyRequest, body: ParsedBody): Call {
  const id = pathId(request);
  const key = (): ApiKey => callerOf(world, request);
  const find = (allowed: (envelope: Envelope) => boolean): Envelope => {
    const envelope = world.store.envelopes.get(id);
    if (envelope === undefined || !allowed(envelope)) throw new Refusal(404, 'not_found', 'There is no such envelope');
    return envelope;
  };
  return {
    id,
    body,
    query: new URLSearchParams(request.url.split('?')[1] ?? ''),
    bearer: /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null,
    ip: request.ip,
    key,
    envelope: () => {
      const { organisation } = key();
      return find((envelope) => envelope.organisation === organisation);
    },
    anyEnvelope: () => find(() => true),
  };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? request.url;
}
