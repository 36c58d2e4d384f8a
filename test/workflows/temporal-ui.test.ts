/** What a person who opens a deal in Temporal's UI finds there: summaries, details, search attributes, and views of the list. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/deal/search-attributes.js';
import { aRealTimeDealRunner, approve, outForSignature, signedByAll, type DealRunner } from '../support/deal-runner.js';
import { aPolicy } from '../support/deals.js';
import { aSignedPdf } from '../support/signed-pdf.js';

let deals: DealRunner;
beforeAll(async () => {
  deals = await aRealTimeDealRunner(await aSignedPdf());
});
afterAll(() => deals.stop());

interface Metadata {
  currentDetails: string;
  definition: { signalDefinitions: { name: string; description: string }[] };
}

describe('a deal in Temporal’s UI', () => {
  it('says on top what it waits for and by when, at every stage, and never shows the review link', async () => {
    await deals.run(
      async (deal) => {
        const details = async () => (await deal.handle.query<Metadata>('__temporal_workflow_metadata')).currentDetails;
        const { reviewUrl, reviewDue } = await deal.untilStage('in-review');
        expect(await details()).toMatch(/^\*\*in-review\*\* since/);
        expect(await details()).toContain('Waits for: a person to review the draft');
        expect(await details()).toContain(`Review due by ${reviewDue}`);
        expect(await details()).toContain('The review link is on the deal');
        expect(await details()).not.toContain(reviewUrl);
        await deal.update('review', { decision: 'reject', reviewer: 'rita', note: 'wrong price' });
        await deal.until(({ blocked }) => blocked !== null);
        expect(await details()).toContain('**Blocked: review-rejected**');
        await deal.update('review', approve);
        const { expiresAt } = await deal.untilStage('out-for-signature');
        expect(await details()).toContain('Waits for: Customer (signer 1) to sign');
        expect(await details()).toContain(`Voided unless signed by ${expiresAt}`);
        deal.world.sign();
        await deal.event('envelope.signed');
        await deal.until(({ parties }) => parties[0]?.status === 'signed');
        expect(await details()).toContain('Waits for: Company (signer 2) to sign');
      },
      { policy: aPolicy({ reviewSlaMs: 86_400_000, expireAfterMs: 86_400_000 }) },
    );
  });

  it('names every step and timer in words, and describes its signals', async () => {
    await deals.run(
      async (deal) => {
        await outForSignature(deal);
        const { definition } = await deal.handle.query<Metadata>('__temporal_workflow_metadata');
        const described = definition.signalDefinitions.filter(({ description }) => description.includes('{"'));
        expect(described.map(({ name }) => name).sort()).toEqual(['amend', 'cancel', 'remind', 'resume', 'review']);
        await signedByAll(deal);
        const { events } = await deal.handle.fetchHistory();
        const steps = (events ?? []).filter(
          (event) =>
            event.activityTaskScheduledEventAttributes ??
            event.timerStartedEventAttributes ??
            event.markerRecordedEventAttributes,
        );
        const summaries = steps.map(({ userMetadata }) => Buffer.from(userMetadata?.summary?.data ?? '').toString());
        expect(summaries.filter((summary) => summary === '')).toEqual([]);
        expect(summaries).toEqual(
          expect.arrayContaining(
            [
              'make the draft at the provider',
              'tell the CRM: in-review',
              'send the approved envelope',
              'the envelope expires',
              'look at the envelope again',
              'read the envelope back',
              'fetch, check and file the signed PDF',
              'attach the signed PDF in the CRM and tell it: completed',
            ].map((summary) => JSON.stringify(summary)),
          ),
        );
      },
      { policy: aPolicy({ expireAfterMs: 86_400_000 }) },
    );
  });

  it('notes a signal whose name is mistyped', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      await deal.handle.signal('aprove', approve);
      const seen = await deal.until(({ timeline }) => timeline.at(-1)?.what.includes('unknown name') ?? false);
      expect(seen).toMatchObject({ stage: 'in-review', blocked: null });
    });
  });

  it('has its search attributes set at each change', async () => {
    await deals.run(async (deal) => {
      await deal.untilStage('in-review');
      const attributes = async () => {
        const { typedSearchAttributes } = await deal.handle.describe();
        return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
      };
      expect(await attributes()).toMatchObject({ DealStage: 'in-review', EnvelopeId: 'env-1' });
      await deal.update('review', { decision: 'reject', reviewer: 'rita' });
      await deal.until(({ blocked }) => blocked !== null);
      expect(await attributes()).toMatchObject({ DealBlocked: 'review-rejected' });
      await deal.update('cancel', { reason: 'deal lost', by: 'otto' });
      await deal.result();
      const ended = await attributes();
      expect(ended).toMatchObject({ DealStage: 'cancelled' });
      expect(ended).not.toHaveProperty('DealBlocked');
    });
  });
});

describe('a saved view', () => {
  const page = readFileSync(new URL('../../docs/temporal-ui.md', import.meta.url), 'utf8');
  const views = [...page.matchAll(/^\| ([A-Z][^|]*) \| `([^`]*(?:=|IN|NULL)[^`]*)` \|$/gm)].map(([, view, query]) => ({
    view,
    query,
  }));

  it('is told of, with attributes that deals have', () => {
    expect(views.length).toBeGreaterThan(8);
    for (const name of Object.keys(SEARCH_ATTRIBUTES).filter((name) => name !== 'SigningProvider'))
      expect(page).toContain(name);
  });

  it.each(views)('"$view" is a query that Temporal can read', async ({ query = '' }) => {
    const found = deals.env.client.workflow.list({ query, pageSize: 5 });
    for await (const { type } of found) expect(type).toBe('signDeal');
  });
});
