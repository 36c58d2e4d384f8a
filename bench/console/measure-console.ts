/** How long the console's pages take, from the request to the last byte, with many deals open. */
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { request } from 'undici';
import { count } from '../../src/gateway/console/words.js';
import type { CrmReceiver } from '../crm-receiver.js';
import { PARTIES } from '../servers.js';
import type { ConsoleStack } from './console-stack.js';
import { startOpenDeals, untilListed } from './open-deals.js';

export const PAGES = ['queue', 'deals', 'inReview', 'blocked', 'deal', 'approve'] as const;
export type PageName = (typeof PAGES)[number];

export interface ConsoleMeasure {
  openDeals: number;
  /** Average number of processes that wanted to run in the minute before, this benchmark's own among them. */
  load: number;
  /** Milliseconds of each view. */
  views: Record<PageName, number[]>;
}

interface Asked {
  path: string;
  /** What the page must say: an error is answered faster than a page. */
  says: string;
}

const WARM_UP_VIEWS = 5;
const PATIENCE_MS = 60_000;
const DEAL = 'real-1';

/** Call it once for each stack: the deals stay. */
export async function measureConsole(
  stack: ConsoleStack,
  crm: CrmReceiver,
  { openDeals, pageViews }: { openDeals: number; pageViews: number },
  progress: (text: string) => void,
): Promise<ConsoleMeasure> {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  try {
    const client = new Client({ connection });
    // The pages of one deal need one that a worker answers for.
    await startRealDeal(stack, crm);
    const others = openDeals - 1;
    await startOpenDeals(client, others, (done) => progress(`Console: ${done + 1} of ${openDeals} open deals`));
    await untilListed(client, openDeals);
  } finally {
    await connection.close();
  }

  const pages = pagesOf(openDeals);
  const cookie = await logIn(stack);
  await untilInReview(stack, pages.approve, cookie);
  const views: ConsoleMeasure['views'] = { queue: [], deals: [], inReview: [], blocked: [], deal: [], approve: [] };
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  // Page after page in turns: what else the machine does meets all of them alike.
  for (let view = 1 - WARM_UP_VIEWS; view <= pageViews; view++) {
    progress(`Console: view ${Math.max(view, 0)} of ${pageViews}`);
    for (const name of PAGES) {
      const ms = await timeOf(stack, pages[name], cookie);
      if (view > 0) views[name].push(ms);
    }
  }
  return { openDeals, load, views };
}

function pagesOf(openDeals: number): Record<PageName, Asked> {
  const aDeal = 'class="deal"';
  return {
    queue: { path: '/', says: `<strong>${openDeals.toLocaleString('en')}</strong> <span>open in all` },
    deals: { path: '/console/deals', says: count(openDeals, 'deal') },
    inReview: { path: '/console/deals?stage=in-review', says: aDeal },
    blocked: { path: '/console/deals?blocked=any', says: '<h1>Deals</h1>' },
    deal: { path: `/console/deals/${DEAL}`, says: `/console/deals/${DEAL}/approve` },
    approve: { path: `/console/deals/${DEAL}/approve`, says: 'What will happen' },
  };
}

async function startRealDeal({ gatewayUrl, token, contractUri }: ConsoleStack, crm: CrmReceiver): Promise<void> {
  const deal = { dealId: DEAL, documentType: 'order-form', document: { uri: contractUri }, parties: PARTIES };
  const { statusCode, body } = await request(`${gatewayUrl}/deals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(deal),
  });
  const answer = await body.text();
  if (statusCode !== 202) throw new Error(`The gateway answered ${statusCode} to a deal: ${answer}`);
  await crm.reached(DEAL, 'in-review', PATIENCE_MS);
}

/** The session's cookie. */
async function logIn({ gatewayUrl, token }: ConsoleStack): Promise<string> {
  const { statusCode, headers, body } = await request(`${gatewayUrl}/console/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ token }).toString(),
  });
  await body.dump();
  const cookie = [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0];
  if (statusCode !== 303 || cookie === undefined) throw new Error(`The console answered ${statusCode} to a login`);
  return cookie;
}

/** The CRM learns of a stage an instant before the deal stands in it. */
async function untilInReview(stack: ConsoleStack, approve: Asked, cookie: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    const { status } = await visit(stack, approve.path, cookie);
    if (status === 200) return;
    if (status !== 409 || Date.now() > deadline) throw new Error(`The console answered ${status} to ${approve.path}`);
    await wait(50);
  }
}

async function timeOf(stack: ConsoleStack, { path, says }: Asked, cookie: string): Promise<number> {
  const begun = performance.now();
  const { status, page } = await visit(stack, path, cookie);
  const ms = performance.now() - begun;
  if (status !== 200 || !page.includes(says))
    throw new Error(`The console answered ${status} to ${path}, not its page`);
  return ms;
}

async function visit(
  { gatewayUrl }: ConsoleStack,
  path: string,
  cookie: string,
): Promise<{ status: number; page: string }> {
  const { statusCode, body } = await request(`${gatewayUrl}${path}`, { headers: { cookie } });
  return { status: statusCode, page: await body.text() };
}
