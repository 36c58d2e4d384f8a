/**
 * `POST /webhooks/atlas`. Temporal is the inbox: the sender gets its 2xx once Temporal holds the event, and until then keeps
 * the event by sending it again.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readExternalId } from '../deal/ids.js';
import { MOVING_EVENTS } from '../deal/state.js';
import { readAtlasEvent, verifyAtlasSignature } from '../signing/atlas/webhook.js';
import { DealsUnavailable, type Deals, type Heard } from './deals.js';
import type { Metrics } from './observe.js';
import { Problem } from './problem.js';

/** Known events that move no deal (Atlas notes 11.1). Names nobody knows are acknowledged too, but not each counted by itself. */
const STILL_EVENTS = ['envelope.created', 'envelope.viewed', 'contract.extracted'];

/** Workflow ids that are looked up: those of deals, short enough for Temporal. */
const WORKFLOW_ID = /^deal-[A-Za-z0-9._:-]{1,150}$/;

type Result = Heard | 'bad-signature' | 'malformed' | 'unavailable';

export interface AtlasWebhookParts {
  deals: Deals;
  /** Keys that signatures are accepted under, today's first. */
  atlasKeys: readonly string[];
  metrics: Metrics;
}

export function addAtlasWebhook(app: FastifyInstance, { deals, atlasKeys, metrics }: AtlasWebhookParts): void {
  void app.register(async (scope) => {
    // The signature covers the bytes as they came, so nothing may parse them before.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/webhooks/atlas', receive);
  });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signature = request.headers['x-atlas-signature'];
    if (!verifyAtlasSignature(body, typeof signature === 'string' ? signature : undefined, atlasKeys)) {
      count('none', 'bad-signature');
      throw new Problem(
        401,
        'bad-signature',
        'X-Atlas-Signature does not fit these bytes under any configured key. If the API key was changed, put the old one in ATLAS_PREVIOUS_API_KEYS.',
      );
    }
    const { value: event, problem } = readAtlasEvent(body);
    if (problem !== undefined) {
      count('none', 'malformed');
      throw new Problem(400, 'malformed-event', `The event cannot be read: ${problem}`);
    }
    const { envelopeId } = event;
    request.about.envelopeId = envelopeId;
    if (!MOVING_EVENTS.includes(event.event)) {
      count(STILL_EVENTS.includes(event.event) ? event.event : 'other', 'ignored');
      return reply.send({ result: 'ignored' });
    }

    const workflowId = workflowIdOf(event.externalId);
    const result = await heard(
      {
        event: event.event,
        envelopeId,
        receivedAt: new Date().toISOString(),
        deliveryId: createHash('sha256').update(body).digest('hex').slice(0, 32),
      },
      workflowId,
    );
    count(event.event, result);
    if (result === 'unknown') {
      request.log.warn({ event: event.event, envelopeId, workflowId }, 'webhook for an envelope of no known deal');
      throw new Problem(404, 'unknown-envelope', 'No deal is known for this envelope.');
    }
    return reply.send({ result });
  }

  async function heard(...args: Parameters<Deals['hear']>): Promise<Heard> {
    try {
      return await deals.hear(...args);
    } catch (error) {
      if (error instanceof DealsUnavailable) count(args[0].event, 'unavailable');
      throw error;
    }
  }

  function count(event: string, result: Result): void {
    metrics.webhooks.inc({ provider: 'atlas', event, result });
  }
}

function workflowIdOf(externalId: string | undefined): string | undefined {
  const found = externalId === undefined ? undefined : readExternalId(externalId)?.workflowId;
  return found !== undefined && WORKFLOW_ID.test(found) ? found : undefined;
}
