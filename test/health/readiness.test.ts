import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { askedSeldom, NotReady } from '../../src/health/readiness.js';
import { serveHealth, type HealthServer } from '../../src/health/server.js';
import { idleReason } from '../../src/temporal/worker-readiness.js';

const open: HealthServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function aServer(ready: () => Promise<void>): Promise<(path: string) => Promise<[number, unknown]>> {
  const server = await serveHealth('127.0.0.1', 0, ready);
  open.push(server);
  return async (path) => {
    const { statusCode, body } = await request(`http://127.0.0.1:${server.port}${path}`);
    return [statusCode, await body.json()];
  };
}

describe('the readiness of a process', () => {
  it('is looked at once for all who ask at about the same time, whatever comes of it', async () => {
    let [now, looks] = [0, 0];
    const ready = askedSeldom(
      async () => {
        looks += 1;
        if (looks === 1) throw new NotReady('temporal', 'away');
      },
      { keptMs: 100, now: () => now },
    );
    await expect(Promise.all([ready(), ready()])).rejects.toThrow('away');
    now = 99;
    await expect(ready()).rejects.toThrow('away');
    expect(looks).toBe(1);
    now = 100;
    await ready();
    expect(looks).toBe(2);
  });

  it('is told with the part that is missing, and nothing of errors that nobody foresaw', async () => {
    let error: Error | undefined = new NotReady('temporal', 'Temporal cannot be reached: check TEMPORAL_ADDRESS.');
    const get = await aServer(async () => {
      if (error) throw error;
    });
    expect(await get('/readyz?probe=1')).toMatchObject([503, { part: 'temporal', detail: error.message }]);
    expect(await get('/healthz')).toEqual([200, { status: 'ok' }]);
    error = new Error('password of ada@customer.example');
    const [status, body] = await get('/readyz');
    expect([status, JSON.stringify(body)]).toEqual([503, expect.not.stringContaining('ada')]);
    error = undefined;
    expect(await get('/readyz')).toEqual([200, { status: 'ready' }]);
    expect(await get('/metrics')).toMatchObject([404, {}]);
  });

  it('cannot be told on a port that is taken, which says what to change', async () => {
    await aServer(async () => undefined);
    const taken = open[0]?.port ?? 0;
    await expect(serveHealth('127.0.0.1', taken, async () => undefined)).rejects.toThrow(
      `HEALTH_PORT: 127.0.0.1:${taken} cannot be listened on (EADDRINUSE)`,
    );
  });

  it('of a worker is that it polls', () => {
    const polls = { runState: 'RUNNING', workflowPollerState: 'POLLING', activityPollerState: 'POLLING' };
    const of = (over: object) => idleReason({ ...polls, ...over } as Parameters<typeof idleReason>[0])?.part;
    expect(of({})).toBeUndefined();
    expect(idleReason(undefined)?.part).toBe('starting');
    expect(of({ runState: 'INITIALIZED' })).toBe('starting');
    expect(of({ runState: 'DRAINING' })).toBe('stopping');
    expect(of({ runState: 'FAILED' })).toBe('worker');
    expect(of({ workflowPollerState: 'FAILED' })).toBe('worker');
    expect(of({ activityPollerState: 'SHUTDOWN' })).toBe('worker');
  });
});
