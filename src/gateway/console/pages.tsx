/** The pages that are only looked at. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isDealId, workflowIdOf } from '../../deal/ids.js';
import type { Desk } from '../desk.js';
import { UnreadableQuery } from '../deal-list.js';
import type { Caller } from '../identity.js';
import { Problem } from '../problem.js';
import { REVIEW_PAGE } from '../review-page.js';
import { textOf } from './action-form.js';
import { DealsPage } from './deals-page.js';
import { DealView } from './deal-page.js';
import { filterOf, readChoices, type Choices } from './filters.js';
import { FLASH_COOKIE, readFlash } from './flash.js';
import { render, type Page } from './frame.js';
import { runAddress, type TemporalUi } from './links.js';
import { QueuePage, queueReader } from './queue-page.js';
import { SignLinkPage } from './sign-link-page.js';
import { forget, visitorAt } from './visitors.js';

export interface PageParts {
  deskOf: (caller: Caller) => Desk;
  documentTypes: () => readonly string[];
  temporalUi: TemporalUi | null;
}

const A_PAGE = 100;
/** How often pages show themselves anew, in seconds. */
const LISTS = 10;
const DEAL = 5;

const roundQuery = z.object({ round: z.coerce.number().int().min(1).max(100).optional().catch(undefined) });

export function addPages(app: FastifyInstance, { deskOf, documentTypes, temporalUi }: PageParts): void {
  const readQueue = queueReader();
  const deskAt = (request: FastifyRequest): Desk => deskOf(visitorAt(request).caller);

  app.get('/', async (request, reply) => {
    const now = Date.now();
    const queue = await readQueue(deskAt(request), now);
    const title = queue.review.total > 0 ? `(${queue.review.total}) Queue` : 'Queue';
    const body = <QueuePage queue={queue} now={now} />;
    return send(request, reply, { title, here: 'queue', refreshSeconds: LISTS, body });
  });

  app.get('/console/deals', async (request, reply) => {
    const chosen = readChoices(request.query);
    const now = Date.now();
    const found = await readPage(deskAt(request), chosen, now);
    const body = <DealsPage chosen={chosen} found={found} documentTypes={documentTypes()} now={now} />;
    return send(request, reply, { title: 'Deals', here: 'deals', refreshSeconds: LISTS, body });
  });

  /** To the deal that a person names, by its own id or by that of its envelope or workflow. */
  app.get('/console/go', async (request, reply) => {
    const id = textOf(request.query, 'id').trim();
    const dealId = (await dealWithId(deskAt(request), id)) ?? id;
    if (!isDealId(dealId)) throw new Problem(404, 'unknown-deal', 'No deal and no envelope can have this id.');
    return reply.redirect(`/console/deals/${encodeURIComponent(dealId)}`, 303);
  });

  app.get<{ Params: { dealId: string } }>('/console/deals/:dealId', async (request, reply) => {
    const { dealId } = request.params;
    const { round } = roundQuery.parse(request.query);
    const desk = deskAt(request);
    const deal = await desk.read(dealId, round);
    if (deal.envelopeId !== null) request.about.envelopeId = deal.envelopeId;
    const body = (
      <DealView
        deal={deal}
        caller={desk.caller}
        round={round}
        run={temporalUi && runAddress(temporalUi, dealId, deal.round, await runOf(desk, dealId, deal.round))}
        form={randomUUID()}
        now={Date.now()}
      />
    );
    // A look that the page itself takes must not use up what its reader is to be told.
    const told = request.headers['x-console-refresh'] === undefined ? request.cookies[FLASH_COOKIE] : undefined;
    const flash = readFlash(told, dealId);
    if (flash) forget(reply, FLASH_COOKIE, '/console');
    return send(request, reply, { title: `Deal ${dealId}`, refreshSeconds: DEAL, flash, body });
  });

  /** The link lets its holder sign, so it is fetched when asked for, and neither stored nor logged. */
  app.get<{ Params: { dealId: string } }>(
    '/console/deals/:dealId/sign-link',
    { config: { limit: 'link' } },
    async (request, reply) => {
      const { dealId } = request.params;
      const answer = await deskAt(request).signLink(dealId);
      return send(request, reply, {
        title: `Sign link of deal ${dealId}`,
        body: <SignLinkPage dealId={dealId} {...answer} />,
      });
    },
  );

  /** To the provider's page of the draft, whose own addresses last for minutes. Neither stored nor logged: it lets its holder send. */
  app.get<{ Params: { dealId: string } }>(REVIEW_PAGE, { config: { limit: 'link' } }, async (request, reply) =>
    reply.redirect(await deskAt(request).reviewLink(request.params.dealId), 302),
  );
}

export function send(request: FastifyRequest, reply: FastifyReply, page: Omit<Page, 'visitor'>): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(render({ ...page, visitor: visitorAt(request) }));
}

async function readPage(desk: Desk, chosen: Choices, now: number) {
  const filter = filterOf(chosen, now, A_PAGE);
  const { cursor, ...all } = filter;
  try {
    const [page, total] = await Promise.all([desk.list(filter), desk.count(all)]);
    return { page, total: Math.max(total, page.deals.length) };
  } catch (error) {
    if (error instanceof UnreadableQuery && cursor !== undefined) return null;
    throw error;
  }
}

async function dealWithId(desk: Desk, id: string): Promise<string | undefined> {
  // The id goes into a query: only what needs no escaping is looked up.
  if (!/^[\w.:-]{1,200}$/.test(id)) return undefined;
  const { deals } = await desk.list({ query: `EnvelopeId = '${id}' OR WorkflowId = '${id}'`, limit: 10 });
  return (deals.find(({ open }) => open) ?? deals[0])?.dealId;
}

/** From Temporal's list, which lags a little: a deal that has just begun may not be in it. */
async function runOf(desk: Desk, dealId: string, round: number): Promise<string | undefined> {
  const { deals } = await desk.list({ query: `WorkflowId = '${workflowIdOf(dealId, round)}'`, limit: 10 });
  return (deals.find(({ open }) => open) ?? deals[0])?.runId;
}
