/** The deals that wait longest, read again and again from a list on a real Temporal server that changes meanwhile. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../src/deal/search-attributes.js';
import { oldestOf, type Waiting } from '../../../src/gateway/console/oldest.js';
import type { DealFilter, DealLine } from '../../../src/gateway/deal-list.js';
import type { Deals } from '../../../src/gateway/deals.js';
import { createTemporalDeals } from '../../../src/gateway/temporal-deals.js';
import { openTemporal, type TemporalClient } from '../../../src/temporal/connection.js';
import { startDevServer, type StartedDevServer } from '../../support/temporal-servers.js';

const HOUR = 3_600_000;
/** A whole ten milliseconds: the dev server compares times as texts, and leaves out the last 0 of one that it is given, not of one that it keeps. */
const NOW = Math.floor(Date.now() / 1000) * 1000 - 880;
const LISTED = { timeout: 20_000, interval: 100 };
const KEYS = {
  stage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  blocked: defineSearchAttributeKey('DealBlocked', SEARCH_ATTRIBUTES.DealBlocked),
  type: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  since: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

let server: StartedDevServer;
let temporal: TemporalClient;
let deals: Deals;
let lists = 0;
/** What a deal was when it was listed, where that is not what it is now. */
let asListed = (deal: DealLine): DealLine => deal;
/** Each test has deals of a type of its own. */
let documentType = '';
let tests = 0;

beforeAll(async () => {
  server = await startDevServer();
  temporal = openTemporal({ connectionOptions: { address: server.address }, namespace: 'default' });
  const real = createTemporalDeals(temporal, { namespace: 'default', taskQueue: 'nobody' });
  deals = {
    ...real,
    list: async (filter) => {
      lists += 1;
      const page = await real.list(filter);
      return { ...page, deals: page.deals.map(asListed) };
    },
  };
});
beforeEach(() => {
  documentType = `type-${(tests += 1)}`;
});
afterAll(async () => {
  await temporal.connection.close();
  await server.stop();
});

/** A run as it lies in the store; no worker ever takes it up. */
async function aRun(dealId: string, hours: number, blocked?: string): Promise<void> {
  await temporal.client.workflow.start('signDeal', {
    workflowId: `deal-${dealId}`,
    taskQueue: 'nobody',
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: { dealId, round: 1 },
    typedSearchAttributes: [
      { key: KEYS.stage, value: 'in-review' },
      { key: KEYS.type, value: documentType },
      { key: KEYS.since, value: new Date(NOW - hours * HOUR) },
      ...(blocked === undefined ? [] : [{ key: KEYS.blocked, value: blocked }]),
    ],
  });
}

const idsOf = (waiting: Waiting): string[] => waiting.deals.map(({ dealId }) => dealId);

/** A reader of these deals, and how many lists each reading of it took. */
function aReader(filter: DealFilter, wanted: number) {
  const read = oldestOf({ ...filter, documentType, open: true }, wanted);
  return async (): Promise<Waiting & { lists: number }> => {
    lists = 0;
    const waiting = await read(deals, NOW);
    return { ...waiting, lists };
  };
}

const untilThere = (many: number) =>
  vi.waitFor(async () => expect(await deals.count({ documentType, open: true })).toBe(many), LISTED);

describe('the deals that wait longest', () => {
  it('are not listed again while they are the same', async () => {
    for (const hours of [1, 2, 3, 4, 5, 6]) await aRun(`same-${hours}`, hours);
    await untilThere(6);
    const read = aReader({ blocked: false }, 4);
    expect(idsOf(await read())).toEqual(['same-6', 'same-5', 'same-4', 'same-3']);
    const again = await read();
    expect(idsOf(again)).toEqual(['same-6', 'same-5', 'same-4', 'same-3']);
    expect(again).toMatchObject({ total: 6, lists: 0 });
  });

  it('are the same when another has come to wait since, which is counted', async () => {
    for (const hours of [1, 2, 3, 4, 5, 6]) await aRun(`newer-${hours}`, hours);
    await untilThere(6);
    const read = aReader({ blocked: false }, 4);
    await read();
    await aRun('newest', 0);
    await untilThere(7);
    const again = await read();
    expect(again).toMatchObject({ total: 7, lists: 0 });
    expect(idsOf(again)).not.toContain('newest');
  });

  it('are listed anew once one has gone', async () => {
    for (const hours of [1, 2, 3, 4, 5, 6]) await aRun(`gone-${hours}`, hours);
    await untilThere(6);
    const read = aReader({ blocked: false }, 4);
    await read();
    await temporal.client.workflow.getHandle('deal-gone-6').terminate();
    await untilThere(5);
    expect(idsOf(await read()).slice(0, 3)).toEqual(['gone-5', 'gone-4', 'gone-3']);
  });

  it('are listed anew when one has gone and another has come in its place', async () => {
    for (const hours of [2, 3]) await aRun(`place-${hours}`, hours);
    await untilThere(2);
    const read = aReader({ blocked: false }, 4);
    expect(idsOf(await read())).toEqual(['place-3', 'place-2']);
    await temporal.client.workflow.getHandle('deal-place-3').terminate();
    await aRun('place-4', 4);
    await vi.waitFor(async () => expect(idsOf(await read())).toEqual(['place-4', 'place-2']), LISTED);
  });

  it.each<[string, Partial<DealLine>]>([
    ['stand still for another reason', { blocked: 'credits-exhausted' }],
    ['have left their stage and come back', { since: new Date(NOW - 3 * HOUR).toISOString() }],
  ])('are listed anew when the same deals %s', async (_, before) => {
    await aRun(`changed-${tests}`, 2, 'key-refused');
    await untilThere(1);
    const read = aReader({ blocked: true }, 4);
    asListed = (deal) => ({ ...deal, ...before });
    expect((await read()).deals).toMatchObject([before]);
    asListed = (deal) => deal;
    const now = { blocked: 'key-refused', since: new Date(NOW - 2 * HOUR).toISOString() };
    expect((await read()).deals).toMatchObject([now]);
    expect(await read()).toMatchObject({ deals: [now], lists: 0 });
  });

  it('are none without a list where none wait', async () => {
    const read = aReader({ blocked: true }, 4);
    await read();
    expect(await read()).toEqual({ deals: [], total: 0, lists: 0 });
  });
});
