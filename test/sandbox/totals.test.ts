import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anAtlasSandbox, type AtlasSandbox, type FaultRule } from './an-atlas-sandbox.js';
import { aDataFolder } from './sandbox-process.js';

const named = (externalId: string) => ({ metadata: { external_id: externalId } });
const duplicates = async (atlas: AtlasSandbox) => (await atlas.state()).duplicates;

describe('the duplicates that the sandbox counts', () => {
  it('are external_ids with two living drafts, or with two envelopes that were ever sent', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.draft(named('drafts'));
    await atlas.draft(named('other'));
    await atlas.draft();
    await atlas.draft();
    expect(await duplicates(atlas)).toEqual({ externalIds: 0, sends: 0 });
    await atlas.draft(named('drafts'));
    expect(await duplicates(atlas)).toEqual({ externalIds: 1, sends: 0 });

    const void_ = async (id: string) => atlas.call('POST', `/api/envelope/${id}/void`);
    await void_(await atlas.sent(named('sent')));
    await void_(await atlas.draft(named('sent')));
    expect(await duplicates(atlas)).toEqual({ externalIds: 1, sends: 0 });
    await void_(await atlas.sent(named('sent')));
    expect(await duplicates(atlas)).toEqual({ externalIds: 2, sends: 0 });
  });

  it('are counted by organisation', async () => {
    const keys = ['one', 'two'].map((key) => ({ key, organisation: key }));
    const atlas = (await anAtlasSandbox({ keys })).as('one');
    await atlas.draft(named('deal-1'));
    await atlas.as('two').draft(named('deal-1'));
    expect(await duplicates(atlas)).toEqual({ externalIds: 0, sends: 0 });
  });

  it('are also envelopes that two calls sent, which takes a sandbox that went mad', async () => {
    const data = aDataFolder();
    const before = await anAtlasSandbox({ data });
    const id = await before.sent(named('deal-1'));
    await before.send(id);
    const call = (await before.record(id)).calls.find(({ path, status }) => path.endsWith('/send') && status === 200);
    expect(await duplicates(before)).toEqual({ externalIds: 0, sends: 0 });
    await before.sandbox.stop();
    appendFileSync(join(data, 'journal.ndjson'), `${JSON.stringify([['calls', { ...call, id: 'second' }]])}\n`);
    expect(await duplicates(await anAtlasSandbox({ data }))).toEqual({ externalIds: 0, sends: 1 });
  });
});

describe('the credits', () => {
  it('add up however much goes wrong', async () => {
    const atlas = await anAtlasSandbox({ credits: 100 });
    const share = 0.25;
    const troubles: FaultRule[] = [
      { kind: 'error', share },
      { kind: 'html', share },
      { kind: 'drop-before', share },
      { kind: 'drop-after', share },
      { kind: 'error-after', share },
    ];
    await atlas.goWrong(troubles, 11);
    /** Repeats a call with its key until it is answered. */
    const insist = async (path: string, body: object, key: string) => {
      for (;;) {
        const answered = await atlas.call('POST', path, body, { 'idempotency-key': key }).catch(() => null);
        if (answered !== null && answered.status < 500) return answered;
      }
    };
    const parties = [{ email: 'ana@customer.example', role: 'Customer' }];
    for (let deal = 0; deal < 15; deal += 1) {
      const body = { parties, auto_send: deal % 3 === 0, ...named(`deal-${deal}`) };
      const { envelope_id: id } = (await insist('/api/templates/tmpl_2/send', body, `create-${deal}`)).body;
      if (deal % 3 !== 0) await insist(`/api/envelope/${id}/send`, {}, `send-${deal}`);
      if (deal % 5 === 0) await insist(`/api/envelope/${id}/void`, {}, 'void');
    }
    expect(await atlas.state()).toMatchObject({
      envelopes: 15,
      sends: 15,
      voids: 3,
      credits: { 'sandbox-key': 88 },
      spent: { 'sandbox-key': 15 },
      refunded: { 'sandbox-key': 3 },
      duplicates: { externalIds: 0, sends: 0 },
    });
    const { faults } = await atlas.state();
    for (const { kind } of troubles) expect([kind, (faults[kind] ?? 0) > 0]).toEqual([kind, true]);
  });
});
