/** `/deals/:dealId`: what the deal looks like, and the messages that steer it. Both go to its latest round. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  MESSAGES,
  readAmend,
  readCancel,
  readRemind,
  readResume,
  readReview,
  type MessageName,
  type Read,
} from '../deal/messages.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import { callerOf, may, MESSAGE_DEEDS, type Caller } from './access.js';
import { MESSAGE_BODIES, readBody } from './bodies.js';
import type { Deals } from './deals.js';
import { dealIdOf, unknownDeal } from './named-deal.js';
import { invalidBody, Problem } from './problem.js';

const READERS: Record<MessageName, (input: unknown) => Read<unknown>> = {
  review: readReview,
  cancel: readCancel,
  amend: readAmend,
  resume: readResume,
  remind: readRemind,
};

const query = z.strictObject({ round: z.coerce.number().int().min(1).max(100).optional() });

export function addDealRoutes(app: FastifyInstance, deals: Deals): void {
  app.get('/deals/:dealId', { config: { deed: 'read a deal' } }, async (request) => {
    const dealId = dealIdOf(request);
    const { round } = readBody(query, request.query);
    const read = await deals.read(dealId, round);
    if (read.kind === 'unknown') throw unknownDeal(dealId, round);
    request.about = { dealId, ...(read.snapshot.envelopeId !== null && { envelopeId: read.snapshot.envelopeId }) };
    return shownTo(callerOf(request), read.snapshot);
  });

  for (const name of MESSAGES) {
    app.post(`/deals/:dealId/${name}`, { config: { deed: MESSAGE_DEEDS[name] } }, async (request, reply) => {
      const dealId = dealIdOf(request);
      const message = messageOf(name, request);
      const told = await deals.tell(dealId, name, message, updateIdOf(name, request));
      switch (told.kind) {
        case 'taken':
          return { workflowId: told.workflowId, repeat: told.repeat };
        case 'queued':
          return reply.code(202).send({ workflowId: told.workflowId, queued: true });
        case 'unknown':
          throw unknownDeal(dealId);
        case 'ended': {
          const { workflowId, outcome } = told;
          throw new Problem(409, 'deal-ended', `The deal has ended: ${outcome}.`, { workflowId, outcome });
        }
        case 'not-now':
          throw new Problem(409, 'not-now', `Not now: ${told.why}.`, { workflowId: told.workflowId });
        case 'malformed':
          throw invalidBody([{ path: '', message: told.why }]);
      }
    });
  }
}

/** The review link lets its holder send the contract. */
function shownTo(caller: Caller, snapshot: DealSnapshot): DealSnapshot {
  return may(caller, 'see the review link') ? snapshot : { ...snapshot, reviewUrl: null };
}

/** A named token speaks in its own name only; the deal's timeline can be trusted with who did what. */
function messageOf(name: MessageName, request: FastifyRequest): unknown {
  const body = readBody(MESSAGE_BODIES[name], request.body ?? {});
  const caller = callerOf(request);
  const field = name === 'review' ? 'reviewer' : 'by';
  const said = 'reviewer' in body ? body.reviewer : 'by' in body ? body.by : undefined;
  const message = READERS[name]({ ...body, [field]: caller.named ? caller.name : (said ?? caller.name) });
  if (message.problem !== undefined) throw invalidBody([{ path: '', message: message.problem }]);
  return message.value;
}

/** The same key of the same caller is the same message. Keys of callers are of any form, Temporal's ids are not. */
function updateIdOf(name: MessageName, request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'bad-request', 'Idempotency-Key must be one line of 1 to 255 printable characters.');
  }
  const hash = createHash('sha256')
    .update(`${callerOf(request).name}\n${key}`)
    .digest('hex');
  return `${name}-${hash.slice(0, 32)}`;
}
