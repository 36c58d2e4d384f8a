import { networkInterfaces } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { aCreate, anAtlasSandbox } from './an-atlas-sandbox.js';

describe('a rule', () => {
  it('of endless latency does not keep the sandbox from stopping', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'latency', ms: 600_000 }]);
    const waiting = atlas.call('GET', '/api/envelopes').catch(() => 'no answer');
    await vi.waitFor(async () => expect((await atlas.state()).faults.latency).toBe(1));
    await atlas.sandbox.stop();
    expect(await waiting).toBe('no answer');
  });

  it('strikes one route, or whatever a regular expression finds', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const statuses = async (): Promise<number[]> => [
      (await atlas.call('GET', `/api/envelope/${id}`)).status,
      (await atlas.call('GET', `/api/envelope/${id}/status`)).status,
      (await atlas.call('GET', '/api/envelopes')).status,
    ];
    for (const [route, expected] of [
      ['GET /api/envelope/:id', [503, 200, 200]],
      ['GET /api/envelope/{id}/status', [200, 503, 200]],
      [`GET /api/envelope/${id}`, [503, 200, 200]],
      ['^GET /api/envelope(s|/:id)$', [503, 200, 503]],
      ['POST', [200, 200, 200]],
      ['GET /api', [200, 200, 200]],
      ['/api', [503, 503, 503]],
    ] as const) {
      await atlas.goWrong([{ kind: 'error', route, times: 10 }]);
      expect([route, await statuses()]).toEqual([route, expected]);
      await atlas.call('POST', '/_sandbox/faults/clear');
    }
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  it('strikes one envelope', async () => {
    const atlas = await anAtlasSandbox();
    const [one, other] = [await atlas.draft(), await atlas.draft()];
    await atlas.goWrong([{ kind: 'error', envelope: one }]);
    expect((await atlas.send(other)).status).toBe(200);
    expect((await atlas.send(one)).status).toBe(503);
  });

  it('strikes as often as it says, then is gone, while its count stays', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'error', times: 2 }, { kind: 'html' }]);
    const status = async (): Promise<number> => (await atlas.call('GET', '/api/envelopes')).status;
    expect(await status()).toBe(503);
    expect(JSON.parse((await atlas.call('GET', '/_sandbox/faults')).text)).toMatchObject({
      faults: [
        { kind: 'error', times: 1, happened: 1 },
        { kind: 'html', times: 1, happened: 0 },
      ],
      counts: { error: 1, html: 0, latency: 0 },
    });
    expect([await status(), await status(), await status()]).toEqual([503, 502, 200]);
    const cleared = await atlas.call('POST', '/_sandbox/faults/clear');
    expect(JSON.parse(cleared.text)).toMatchObject({ faults: [], counts: { error: 2, html: 1 } });
    expect((await atlas.state()).faults).toMatchObject({ error: 2, html: 1, 'drop-after': 0 });
  });

  it('strikes no more often than it says when many calls come at once', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([
      { kind: 'latency', ms: 20, times: 10 },
      { kind: 'error', times: 3 },
    ]);
    const calls = Array.from({ length: 10 }, async () => (await atlas.call('GET', '/api/envelopes')).status);
    expect((await Promise.all(calls)).filter((status) => status === 503)).toHaveLength(3);
    expect((await atlas.state()).faults).toMatchObject({ latency: 10, error: 3 });
  });

  it('with a share strikes about that part of the calls, the same ones for the same seed', async () => {
    const atlas = await anAtlasSandbox();
    const struck = async (seed: number): Promise<boolean[]> => {
      await atlas.call('POST', '/_sandbox/faults/clear');
      await atlas.goWrong([{ kind: 'error', share: 0.3 }], seed);
      const calls: boolean[] = [];
      while (calls.length < 100) calls.push((await atlas.call('GET', '/api/envelopes')).status === 503);
      return calls;
    };
    const first = await struck(7);
    const often = first.filter(Boolean).length;
    expect(often).toBeGreaterThan(15);
    expect(often).toBeLessThan(45);
    expect(await struck(7)).toEqual(first);
    expect(await struck(8)).not.toEqual(first);
    expect((await atlas.state()).faults.error).toBeGreaterThan(often);
  });

  it('leaves the pages, the admin routes and the health check alone', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'error', times: 5 }]);
    for (const path of ['/', '/healthz', '/_sandbox/state']) expect((await atlas.call('GET', path)).status).toBe(200);
    expect((await atlas.state()).faults.error).toBe(0);
  });

  it('gives way to what a header asks for', async () => {
    const atlas = await anAtlasSandbox();
    await atlas.goWrong([{ kind: 'error' }]);
    const list = async (headers: Record<string, string> = {}): Promise<number> => {
      return (await atlas.call('GET', '/api/envelopes', undefined, headers)).status;
    };
    expect(await list({ 'x-sandbox-fault': 'html' })).toBe(502);
    expect(await list({ 'x-sandbox-fault': 'error-after; status=555' })).toBe(555);
    expect(await list()).toBe(503);
  });

  it.each<[string, unknown, RegExp]>([
    ['no kind', {}, /faults\.0\.kind: .*"latency"\|"error"\|"rate-limit".*"webhook-old-key"/],
    ['an unknown kind', { kind: 'explode' }, /"latency"\|.*"drop-after"\|.*"webhook-reorder"/],
    ['an unknown word', { kind: 'error', probability: 1 }, /probability/],
    ['a parameter of another kind', { kind: 'drop-before', ms: 5 }, /faults\.0\.ms: drop-before takes none/],
    ['a status that is no error', { kind: 'html', status: 200 }, /faults\.0\.status/],
    ['a 4xx as a server error', { kind: 'error', status: 404 }, /faults\.0\.status: must be 500 or more/],
    ['a share beyond one', { kind: 'error', share: 1.5 }, /faults\.0\.share/],
    ['times and share', { kind: 'error', share: 0.5, times: 2 }, /times or share/],
    ['times of nought', { kind: 'error', times: 0 }, /faults\.0\.times/],
    ['a broken regular expression', { kind: 'error', route: '(' }, /faults\.0\.route: is no regular expression/],
    ['an unknown event', { kind: 'webhook-drop', event: 'envelope.eaten' }, /faults\.0\.event/],
    ['an event for a call', { kind: 'error', event: 'envelope.sent' }, /faults\.0\.event: is for webhooks only/],
    ['a route for a webhook', { kind: 'webhook-drop', route: 'POST' }, /faults\.0\.route: webhooks have none/],
  ])('with %s is refused', async (_what, rule, problem) => {
    const atlas = await anAtlasSandbox();
    const refused = await atlas.call('POST', '/_sandbox/faults', { faults: [rule] });
    expect(refused.status).toBe(400);
    expect(refused.body.message).toMatch(problem);
    expect(JSON.parse((await atlas.call('GET', '/_sandbox/faults')).text)).toMatchObject({ faults: [] });
  });

  it('is refused together with those beside it, and without a list', async () => {
    const atlas = await anAtlasSandbox();
    for (const body of [{ faults: [{ kind: 'html' }, { kind: 'x' }] }, {}, { faults: {} }, { faults: [], seed: 'x' }]) {
      expect((await atlas.call('POST', '/_sandbox/faults', body)).status).toBe(400);
    }
    expect((await atlas.call('GET', '/api/envelopes')).status).toBe(200);
  });
});

describe('the header X-Sandbox-Fault', () => {
  it.each([
    'explode',
    '',
    'error; status=404',
    'error; status',
    'error; status=500; status=501',
    'error; speed=3',
    'latency; ms=soon',
    'drop-after; ms=3',
    'truncated-pdf',
    'expired-link',
    'error, html',
  ])('%j is a 400 that says what is allowed, and does nothing', async (header) => {
    const atlas = await anAtlasSandbox();
    const refused = await atlas.call('POST', '/api/envelope', aCreate(), { 'x-sandbox-fault': header });
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_fault' } });
    expect(refused.body.message).toContain('write "kind" or "kind; ms=200; status=500; retry_after=3');
    expect(refused.body.message).toContain('latency, error, rate-limit, html, drop-before, drop-after, error-after');
    expect(await atlas.state()).toMatchObject({ envelopes: 0 });
  });

  const address = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  it.skipIf(address === undefined)('works for callers on this machine’s loopback only', async () => {
    const { sandbox } = await anAtlasSandbox({ host: '0.0.0.0' });
    const { port } = new URL(sandbox.url);
    const headers = { authorization: 'Bearer sandbox-key', 'x-sandbox-fault': 'html' };
    const list = (host: string): Promise<Response> => fetch(`http://${host}:${port}/api/envelopes`, { headers });
    expect((await list('127.0.0.1')).status).toBe(502);
    expect((await list(address ?? '')).status).toBe(403);
  });
});
