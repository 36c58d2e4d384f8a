import { describe, expect, it } from 'vitest';
import { aCreate, anAtlasSandbox, type Answered, type AtlasSandbox, type FaultRule } from './an-atlas-sandbox.js';

const key = (value: string) => ({ 'idempotency-key': value });

/** The two ways to make one call go wrong: a rule before it, or a header on it. */
const WAYS: [string, (atlas: AtlasSandbox, rule: FaultRule) => Promise<Record<string, string>>][] = [
  [
    'by rule',
    async (atlas, rule) => {
      await atlas.goWrong([rule]);
      return {};
    },
  ],
  [
    'by header',
    async (_atlas, { kind, ...parameters }) => {
      return {
        'x-sandbox-fault': [kind, ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`)].join('; '),
      };
    },
  ],
];

/** What became of a call whose connection may have ended without an answer. */
async function outcomeOf(call: Promise<Answered>): Promise<Answered | 'no answer'> {
  return call.catch((error: unknown) => {
    if (error instanceof TypeError && error.message === 'fetch failed') return 'no answer';
    throw error;
  });
}

const untouched = { sends: 0, mails: 0, spent: { 'sandbox-key': 0 }, credits: { 'sandbox-key': 5 } };
const sentOnce = { sends: 1, mails: 1, spent: { 'sandbox-key': 1 }, credits: { 'sandbox-key': 4 } };

describe.each(WAYS)('a call that goes wrong %s', (_way, prepare) => {
  it.each<[string, FaultRule, object | 'no answer']>([
    ['error', { kind: 'error' }, { status: 503, body: { code: 'server_error' } }],
    ['error of another status', { kind: 'error', status: 500 }, { status: 500 }],
    ['rate-limit', { kind: 'rate-limit', retry_after: 7 }, { status: 429, body: { code: 'rate_limited' } }],
    ['html', { kind: 'html' }, { status: 502, text: '<html><body><h1>502 Bad Gateway</h1></body></html>' }],
    ['drop-before', { kind: 'drop-before' }, 'no answer'],
  ])('with %s has not happened, and happens when repeated with the same key', async (_kind, rule, expected) => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const headers = await prepare(atlas, rule);
    const outcome = await outcomeOf(atlas.send(id, {}, { ...key('send'), ...headers }));
    if (expected === 'no answer') expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject(expected);
    expect(await atlas.state()).toMatchObject({ ...untouched, faults: { [rule.kind]: 1 } });
    expect((await atlas.record(id)).calls.filter(({ path }) => path.endsWith('/send'))).toEqual([]);

    expect((await atlas.send(id, {}, key('send'))).status).toBe(200);
    expect(await atlas.state()).toMatchObject({ ...sentOnce, faults: { [rule.kind]: 1 } });
  });

  it.each<[string, FaultRule, object | 'no answer']>([
    ['error-after', { kind: 'error-after' }, { status: 500, body: { code: 'server_error' } }],
    ['drop-after', { kind: 'drop-after' }, 'no answer'],
  ])('with %s has happened once, and its answer is replayed to the same key', async (_kind, rule, expected) => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const headers = await prepare(atlas, rule);
    const outcome = await outcomeOf(atlas.send(id, {}, { ...key('send'), ...headers }));
    if (expected === 'no answer') expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject(expected);
    expect(await atlas.state()).toMatchObject({ ...sentOnce, faults: { [rule.kind]: 1 } });
    expect((await atlas.record(id)).calls.at(-1)).toMatchObject({ method: 'POST', status: 200, replayed: false });

    expect(await atlas.send(id, {}, key('send'))).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect((await atlas.record(id)).calls.at(-1)).toMatchObject({ method: 'POST', status: 200, replayed: true });
    expect(await atlas.state()).toMatchObject({ ...sentOnce, duplicates: { externalIds: 0, sends: 0 } });
  });

  it('with drop-after on a create has made an envelope, which the same key answers', async () => {
    const atlas = await anAtlasSandbox();
    const headers = await prepare(atlas, { kind: 'drop-after' });
    const create = { ...aCreate(), metadata: { external_id: 'deal-1' } };
    expect(await outcomeOf(atlas.call('POST', '/api/envelope', create, { ...key('create'), ...headers }))).toBe(
      'no answer',
    );
    const [made] = (await atlas.get('/api/envelopes?external_id=deal-1')).envelopes;
    const again = await atlas.call('POST', '/api/envelope', create, key('create'));
    expect(again).toMatchObject({ status: 201, body: { envelope_id: made?.envelope_id } });
    expect(await atlas.state()).toMatchObject({ envelopes: 1, duplicates: { externalIds: 0 } });
  });

  it('with latency is answered as ever, only later', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const headers = await prepare(atlas, { kind: 'latency', ms: 250 });
    const started = performance.now();
    expect((await atlas.send(id, {}, headers)).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(245);
    expect(await atlas.state()).toMatchObject({ ...sentOnce, faults: { latency: 1 } });
  });

  it('says when to come back, if it is to', async () => {
    const atlas = await anAtlasSandbox();
    const envelopes = async (rule: FaultRule): Promise<string | null> => {
      const headers = await prepare(atlas, rule);
      return (await atlas.call('GET', '/api/envelopes', undefined, headers)).headers.get('retry-after');
    };
    expect(await envelopes({ kind: 'rate-limit' })).toBe('1');
    expect(await envelopes({ kind: 'rate-limit', retry_after: 30 })).toBe('30');
    expect(await envelopes({ kind: 'error', retry_after: 3 })).toBe('3');
    expect(await envelopes({ kind: 'error' })).toBeNull();
  });
});
