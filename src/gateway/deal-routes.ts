/** `/deals`: starting, listing, reading and steering deals. A path's deal is its latest round. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isDealId } from '../deal/ids.js';
import { MESSAGES } from '../deal/messages.js';
import { isRefusal, REFUSALS } from '../deal/refusals.js';
import { FINAL_STAGES, OPEN_STAGES } from '../deal/stages.js';
import { callerOf, MESSAGE_DEEDS } from './access.js';
import { readBody, tenant } from './bodies.js';
import type { DealFilter } from './deal-list.js';
import type { Desk } from './desk.js';
import type { Caller } from './identity.js';
import { Problem } from './problem.js';

const path = z.object({ dealId: z.string() });
const readQuery = z.strictObject({ round: z.coerce.number().int().min(1).max(100).optional() });

/** The filter of a list as a query string holds it. */
export const listQuery = z.strictObject({
  stage: z.enum([...OPEN_STAGES, ...FINAL_STAGES]).optional(),
  blocked: z
    .union(
      [z.enum(['true', 'false']).transform((word) => word === 'true'), z.enum(Object.keys(REFUSALS).filter(isRefusal))],
      'must be true, false or a reason',
    )
    .optional()
    .meta({ description: 'true, false, or one reason' }),
  documentType: z.string().max(200).optional(),
  tenant: tenant.optional(),
  since: z.iso.datetime({ offset: true }).optional().meta({ description: 'In their stage since before then' }),
  open: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
  query: z.string().max(4000).optional().meta({ description: 'A list filter of Temporal’s; the others must hold too' }),
  cursor: z
    .string()
    .max(4000)
    .regex(/^[\w-]*$/, 'must be the next of an earlier answer')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
});

export function addDealRoutes(app: FastifyInstance, deskOf: (caller: Caller) => Desk): void {
  const desk = (request: FastifyRequest): Desk => deskOf(callerOf(request));

  app.post('/deals', { config: { deed: 'start a deal' } }, async (request, reply) => {
    const named = path.safeParse(request.body);
    if (named.success && isDealId(named.data.dealId)) request.about.dealId = named.data.dealId;
    return reply.code(202).send(await desk(request).start(request.body));
  });

  app.get('/deals', { config: { deed: 'read a deal' } }, async (request) =>
    desk(request).list(present(readBody(listQuery, request.query))),
  );

  app.get('/deals/:dealId', { config: { deed: 'read a deal' } }, async (request) => {
    const { round } = readBody(readQuery, request.query);
    const snapshot = await desk(request).read(dealIdOf(request), round);
    if (snapshot.envelopeId !== null) request.about.envelopeId = snapshot.envelopeId;
    return snapshot;
  });

  /** The link lets its holder sign, so it is fetched when asked for, and neither stored nor logged. */
  app.get(
    '/deals/:dealId/sign-link',
    { config: { deed: 'fetch the sign link', limit: 'link' } },
    async (request, reply) =>
      reply.header('cache-control', 'no-store').send(await desk(request).signLink(dealIdOf(request))),
  );

  /** The link lets its holder send the contract, and is made anew for each who asks. */
  app.get(
    '/deals/:dealId/review-link',
    { config: { deed: 'see the review link', limit: 'link' } },
    async (request, reply) =>
      reply.header('cache-control', 'no-store').send({ reviewLink: await desk(request).reviewLink(dealIdOf(request)) }),
  );

  for (const name of MESSAGES) {
    app.post(`/deals/:dealId/${name}`, { config: { deed: MESSAGE_DEEDS[name] } }, async (request, reply) => {
      const told = await desk(request).tell(dealIdOf(request), name, request.body, keyOf(request));
      const { workflowId } = told;
      return told.queued ? reply.code(202).send({ workflowId, queued: true }) : { workflowId, repeat: told.repeat };
    });
  }
}

/** `:dealId` of the path, which the log line then names. */
function dealIdOf(request: FastifyRequest): string {
  const { dealId } = path.parse(request.params);
  if (isDealId(dealId)) request.about.dealId = dealId;
  return dealId;
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (Array.isArray(key)) throw new Problem(400, 'bad-request', 'Idempotency-Key must be sent once.');
  return key;
}

/** Without the keys that are not set. */
function present(query: z.output<typeof listQuery>): DealFilter {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
