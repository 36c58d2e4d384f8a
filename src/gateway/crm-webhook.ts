/**
 * `POST /crm/<name>`: the CRM's own notifications. They are hints: which deals want a contract is read from the CRM by a workflow, so the
 * answer goes out as soon as Temporal holds the notification (HubSpot waits 5 s for it).
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BadNotification, type CrmNotifications } from '../crm/intake.js';
import type { Deals } from './deals.js';
import type { Metrics } from './observe.js';
import { Problem } from './problem.js';
import { createRepeats } from './repeats.js';

export interface CrmWebhookParts {
  deals: Deals;
  notifications: CrmNotifications;
  /** The gateway's address as the CRM knows it: signatures may cover it. */
  publicUrl: string;
  metrics: Metrics;
}

export function addCrmWebhook(
  app: FastifyInstance,
  { deals, notifications, publicUrl, metrics }: CrmWebhookParts,
): void {
  const { name: crm, acknowledgement } = notifications;
  const repeats = createRepeats();
  void app.register(async (scope) => {
    // The signature covers the bytes as they came, so nothing may parse them before.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(`/crm/${crm}`, { config: { limit: 'signed' } }, receive);
  });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const dealIds = read(request, body);
    const id = createHash('sha256').update(body).digest('hex').slice(0, 32);
    const taken = dealIds.length > 0 && repeats.take(id);
    if (taken) {
      await deals.take({ crm, dealIds }, id).catch((error: unknown) => {
        repeats.giveBack(id);
        count('unavailable');
        throw error;
      });
    }
    count(taken ? 'taken' : dealIds.length > 0 ? 'repeat' : 'nothing');
    return reply.type(acknowledgement.contentType).send(acknowledgement.body);
  }

  function read({ method, url, headers }: FastifyRequest, body: Buffer): string[] {
    try {
      return notifications.read({ method, url: `${publicUrl}${url}`, headers, body });
    } catch (error) {
      if (!(error instanceof BadNotification)) throw error;
      count(error.kind);
      throw new Problem(error.kind === 'bad-signature' ? 401 : 400, error.kind, error.message);
    }
  }

  function count(result: 'taken' | 'repeat' | 'nothing' | 'unavailable' | BadNotification['kind']): void {
    metrics.crmNotifications.inc({ crm, result });
  }
}
