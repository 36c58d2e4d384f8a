/** Lists of deals from a real Temporal server's visibility store. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import { queryOf, type DealFilter, type DealPage } from '../../src/gateway/deal-list.js';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { createMetrics } from '../../src/gateway/observe.js';
import { gaugeOpenDeals } from '../../src/gateway/open-deals.js';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';
import { aGateway, type AGateway } from './a-gateway.js';

const HOUR = 3_600_000;
const NOW = Date.now();

let server: StartedDevServer;
let temporal: TemporalClient;
let gateway: AGateway;

const KEYS = {
  stage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  blocked: defineSearchAttributeKey('DealBlocked', SEARCH_ATTRIBUTES.DealBlocked),
  type: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  since: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

/** A run as it lies in the store; no worker ever takes it up. */
async function aRun(
  dealId: string,
  stage: string,
  {
    blocked,
    type = "it's",
    hours = 0,
    workflow = 'signDeal',
  }: { blocked?: string; type?: string; hours?: number; workflow?: string } = {},
): Promise<void> {
  await temporal.client.workflow.start(workflow, {
    workflowId: `deal-${dealId}`,
    taskQueue: 'nobody',
    memo: { dealId, round: 1, reviewSlaMs: HOUR },
    typedSearchAttributes: [
      { key: KEYS.stage, value: stage },
      { key: KEYS.type, value: type },
      { key: KEYS.since, value: new Date(NOW - hours * HOUR) },
      ...(blocked === undefined ? [] : [{ key: KEYS.blocked, value: blocked }]),
    ],
  });
}

beforeAll(async () => {
  server = await startDevServer();
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  gateway = aGateway({ deals: createTemporalDeals(temporal, { namespace: 'default', taskQueue: 'nobody' }) });
  await aRun('a', 'in-review', { hours: 3 });
  await aRun('b', 'in-review');
  await aRun('c', 'sending', { blocked: 'credits-exhausted', hours: 30 });
  await aRun('d', 'out-for-signature', { type: 'nda' });
  await aRun('e', 'in-review', { workflow: 'somethingElse' });
  await temporal.client.workflow.getHandle('deal-b').terminate();
  await vi.waitFor(async () => expect((await listed({})).length).toBe(4), { timeout: 20_000, interval: 100 });
  await vi.waitFor(async () => expect(await listed({ open: 'true' })).toEqual(['d', 'c', 'a']), { timeout: 20_000 });
});
afterAll(async () => {
  await gateway.app.close();
  await temporal.connection.close();
  await server.stop();
});

async function page(query: Record<string, string>): Promise<DealPage> {
  const answer = await gateway.as('viewer', { method: 'GET', url: '/deals', query });
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

const listed = async (query: Record<string, string>) => (await page(query)).deals.map(({ dealId }) => dealId);

describe('the list of deals', () => {
  it.each([
    [{ stage: 'in-review' }, ['a', 'b']],
    [{ stage: 'in-review', open: 'true' }, ['a']],
    [{ blocked: 'true' }, ['c']],
    [{ blocked: 'credits-exhausted' }, ['c']],
    [{ blocked: 'key-refused' }, []],
    [{ blocked: 'false', open: 'true' }, ['d', 'a']],
    [{ documentType: "it's", open: 'true' }, ['c', 'a']],
    [{ since: new Date(NOW - 24 * HOUR).toISOString() }, ['c']],
    [{ query: 'DocumentType = "nda" OR DealStage = "sending"' }, ['d', 'c']],
    [{ query: 'WorkflowType = "somethingElse") OR (WorkflowType = "somethingElse"' }, []],
  ])('with %o holds %o', async (query, deals) => {
    expect(await listed(query)).toEqual(deals);
  });

  it('tells of each deal what people look for, and when its review is overdue', async () => {
    const [deal] = (await page({ stage: 'in-review', open: 'true' })).deals;
    expect(deal).toMatchObject({
      dealId: 'a',
      round: 1,
      workflowId: 'deal-a',
      open: true,
      blocked: null,
      endedAt: null,
    });
    expect(deal?.reviewDue).toBe(new Date(NOW - 2 * HOUR).toISOString());
    expect((await page({ blocked: 'true' })).deals[0]).toMatchObject({ blocked: 'credits-exhausted', reviewDue: null });
  });

  it('comes in pages', async () => {
    const first = await page({ limit: '3' });
    expect(first.deals).toHaveLength(3);
    const second = await page({ limit: '3', cursor: first.next ?? '' });
    expect([...first.deals, ...second.deals].map(({ dealId }) => dealId)).toEqual(['d', 'c', 'a', 'b']);
    expect(second.next).toBeNull();
  });

  it.each([
    [{ query: 'Nonsense = 1' }, 'query'],
    [{ cursor: 'bm8' }, 'query'],
    [{ stage: 'lost' }, 'stage'],
    [{ blocked: 'perhaps' }, 'blocked'],
    [{ since: 'yesterday' }, 'since'],
    [{ limit: '0' }, 'limit'],
    [{ colour: 'red' }, 'colour'],
  ])('says what is wrong with %o', async (query: Record<string, string>, path) => {
    const answer = await gateway.as('viewer', { method: 'GET', url: '/deals', query });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path }] });
  });

  it('is counted on /metrics, by stage and for those that are blocked', async () => {
    const { registry } = createMetrics();
    const counted = createTemporalDeals(temporal, { namespace: 'default', taskQueue: 'nobody' });
    gaugeOpenDeals(registry, counted);
    const text = await registry.metrics();
    expect(text).toContain('countersign_open_deals{stage="in-review"} 1');
    expect(text).toContain('countersign_open_deals{stage="filing"} 0');
    expect(text).toContain('countersign_blocked_deals 1');
  });

  it('is absent from /metrics rather than wrong while Temporal is away', async () => {
    const { registry } = createMetrics();
    const { deals } = aGateway();
    deals.answers.count = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    gaugeOpenDeals(registry, deals);
    expect(await registry.metrics()).not.toMatch(/^countersign_(open|blocked)_deals/m);
  });

  it('is not for a CRM', async () => {
    expect((await gateway.as('crm', { method: 'GET', url: '/deals' })).statusCode).toBe(403);
  });

  it('quotes what goes into the query', () => {
    const filter: DealFilter = { documentType: "a' OR '1'='1\\" };
    expect(queryOf(filter)).toContain("DocumentType = 'a\\' OR \\'1\\'=\\'1\\\\'");
  });
});
