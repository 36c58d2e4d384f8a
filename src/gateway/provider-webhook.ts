/**
 * `POST /webhooks/<provider>`. Temporal is the inbox: the sender gets its 2xx once Temporal holds the event, and until then keeps
 * the event by sending it again.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readExternalId } from '../deal/ids.js';
import { MOVING_EVENTS } from '../deal/state.js';
import { DealsUnavailable, type Deals, type Heard } from './deals.js';
import type { Metrics } from './observe.js';
import { Problem } from './problem.js';
import { createRepeats } from './repeats.js';
import type { WebhookSender } from './webhook-senders.js';

/** Workflow ids that are looked up: those of deals, short enough for Temporal. */
const WORKFLOW_ID = /^deal-[A-Za-z0-9._:-]{1,150}$/;

type Result = Heard | 'bad-signature' | 'malformed' | 'unavailable' | 'repeat';

export interface ProviderWebhookParts {
  deals: Deals;
  sender: WebhookSender;
  metrics: Metrics;
}

export function addProviderWebhook(app: FastifyInstance, { deals, sender, metrics }: ProviderWebhookParts): void {
  const { provider } = sender;
  const repeats = createRepeats();
  void app.register(async (scope) => {
    // The signature covers the bytes as they came, so nothing may parse them before. They are held before it is checked, so the limit of
    // all bodies holds here as well: what we ask the providers to send has a few KB.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(`/webhooks/${provider}`, { config: { limit: 'signed' } }, receive);
  });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (!sender.isSigned(body, request.headers)) {
      count('none', 'bad-signature');
      throw new Problem(401, 'bad-signature', sender.advice);
    }
    const { value: sent, problem } = sender.read(body);
    if (problem !== undefined) {
      count('none', 'malformed');
      throw new Problem(400, 'malformed-event', `The event cannot be read: ${problem}`);
    }
    const { event, envelopeId, externalId, deliveryId } = sent;
    if (envelopeId !== undefined) request.about.envelopeId = envelopeId;
    if (envelopeId === undefined || !MOVING_EVENTS.includes(event)) {
      count(sender.stillEvents.includes(event) ? event : 'other', 'ignored');
      return reply.send({ result: 'ignored' });
    }

    // The deal has heard it: more of the same would only make its history long.
    if (!repeats.take(deliveryId)) {
      count(event, 'repeat');
      return reply.send({ result: 'ignored' });
    }
    const workflowId = workflowIdOf(externalId);
    const receivedAt = new Date().toISOString();
    const result = await heard({ event, envelopeId, receivedAt, deliveryId }, workflowId);
    count(event, result);
    if (result !== 'signalled') repeats.giveBack(deliveryId);
    if (result === 'unknown') {
      request.log.warn({ provider, event, envelopeId, workflowId }, 'webhook for an envelope of no known deal');
      throw new Problem(404, 'unknown-envelope', 'No deal is known for this envelope.');
    }
    return reply.send({ result });
  }

  async function heard(...args: Parameters<Deals['hear']>): Promise<Heard> {
    try {
      return await deals.hear(...args);
    } catch (error) {
      repeats.giveBack(args[0].deliveryId);
      if (error instanceof DealsUnavailable) count(args[0].event, 'unavailable');
      throw error;
    }
  }

  function count(event: string, result: Result): void {
    metrics.webhooks.inc({ provider, event, result });
  }
}

function workflowIdOf(externalId: string | undefined): string | undefined {
  const found = externalId === undefined ? undefined : readExternalId(externalId)?.workflowId;
  return found !== undefined && WORKFLOW_ID.test(found) ? found : undefined;
}
