import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atlasApiChecks } from '../../src/cli/atlas-api-check.js';
import type { Check } from '../../src/cli/check.js';
import { clockCheck } from '../../src/cli/clock-check.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.js';
import { freePort } from '../../src/stack/ports.js';
import { answering } from '../support/answering.js';

const KEY = 'the-key-of-today';
const named = (checks: Check[], name: string): Check[] => checks.filter((check) => check.name === name);
const look = (baseUrl: string) => atlasApiChecks({ baseUrl, apiKey: KEY });

describe('the doctor, of what Atlas publishes of its API', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ keys: [{ key: KEY, organisation: 'ours' }] });
  });
  afterAll(() => sandbox.stop());

  const publish = (openapi: string) =>
    fetch(`${sandbox.url}/_sandbox/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ openapi }),
    });

  it('is content when all that the client uses is there, and the clocks agree', async () => {
    expect(await look(sandbox.url)).toEqual([
      { name: 'Atlas API', status: 'ok', message: 'all that the client uses is as /openapi.json describes it' },
      { name: 'clock', status: 'ok', message: 'agrees with that of Atlas' },
    ]);
  });

  it('names each contradiction, and what is not described', async () => {
    await publish('drifted');
    const checks = named(await look(sandbox.url), 'Atlas API');
    await publish('own');
    const problems = checks.filter(({ status }) => status === 'problem');
    expect(problems.map(({ message }) => message)).toEqual([
      'POST /api/envelope: parties[].phone is required, and is not sent',
      'GET /api/envelope/{id}/status: status is read, and is not there any more',
      'POST /api/envelope/{id}/send: fields_version is sent, and is not known any more',
      'POST /api/envelope/{id}/send: parties[].phone is required, and is not sent',
      'POST /api/envelope/{id}/void: the route takes PUT only',
      'POST /api/templates/{id}/send: parties[].phone is required, and is not sent',
    ]);
    const [doubt, ...rest] = checks.filter(({ status }) => status === 'warning');
    expect(rest).toEqual([]);
    expect(doubt?.message).toContain('POST /api/envelope/{id}/remind: the route is not there');
    expect(doubt?.message).toContain('GET /api/envelopes: envelope_id is read, and is not described');
    expect(doubt?.message).toContain('parties[].status has words that are not known: delegated');
    expect(checks.every(({ fix }) => fix !== undefined)).toBe(true);
  });

  it('only warns when nothing is published', async () => {
    await publish('missing');
    const checks = named(await look(sandbox.url), 'Atlas API');
    await publish('own');
    expect(checks).toMatchObject([{ status: 'warning' }]);
    expect(checks[0]?.message).toContain('publishes no description of its API any more (404)');
  });

  it('asks at the second place where the first has none, with the key', async () => {
    const asked: string[] = [];
    const url = await answering(({ url = '', headers }, response) => {
      asked.push(`${url} ${headers.authorization}`);
      response.writeHead(url.startsWith('/api/') ? 200 : 404).end('{"openapi": "3.1.0", "paths": {"/api/v9": {}}}');
    });
    const [check] = await look(url);
    expect(asked).toEqual([`/openapi.json Bearer ${KEY}`, `/api/openapi.json Bearer ${KEY}`]);
    expect(check).toMatchObject({ status: 'warning' });
    expect(check?.message).toContain('it may be of another API');
  });

  it.each([
    ['a web page', '<html></html>', 'it is no JSON'],
    ['JSON of another kind', '[1, 2]', 'it is no OpenAPI 3 document'],
    ['nothing', '', 'it is no JSON'],
    ['half a document', '{"openapi": "3.1.0", "paths": {', 'it is no JSON'],
    ['more than anybody reads', Buffer.alloc(17 * 1024 * 1024, ' '), 'it is larger than 16 MiB'],
  ])('warns of %s in its place', async (_what, text, words) => {
    const checks = named(await look(await answering((_request, response) => void response.end(text))), 'Atlas API');
    expect(checks).toMatchObject([{ status: 'warning' }]);
    expect(checks[0]?.message).toContain(words);
    expect(checks[0]?.fix).toBeTruthy();
  });

  it('leaves it to the check of Atlas to say that nobody answers', async () => {
    expect(await look(`http://127.0.0.1:${await freePort()}`)).toMatchObject([
      { name: 'Atlas API', status: 'skipped', message: expect.stringContaining('ECONNREFUSED') as unknown },
    ]);
  });

  it('reads the other clock from the answer, however old it is in a cache', async () => {
    const at = (date: string, age?: string) =>
      answering((_request, response) => {
        response.setHeader('date', date);
        if (age !== undefined) response.setHeader('age', age);
        response.writeHead(404).end();
      });
    const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();
    expect(named(await look(await at(hourAgo)), 'clock')).toMatchObject([{ status: 'problem' }]);
    expect(named(await look(await at(hourAgo, '3600')), 'clock')).toMatchObject([{ status: 'ok' }]);
    expect(named(await look(await at('yesterday')), 'clock')).toEqual([]);
  });
});

describe('the doctor, of the clock', () => {
  const asked = Date.parse('2026-01-05T09:00:00Z');
  const off = (seconds: number) =>
    clockCheck('Atlas', { theirs: asked + seconds * 1000, asked, answered: asked + 2_000 });

  it.each([
    [0, 'ok', 'agrees with that of Atlas'],
    [31, 'ok', 'agrees'],
    [-29, 'ok', 'agrees'],
    [40, 'warning', "this machine's clock is 38 seconds behind that of Atlas"],
    [-45, 'warning', "this machine's clock is 45 seconds ahead of that of Atlas"],
    [-299, 'warning', '5 minutes ahead'],
    [310, 'problem', '5 minutes behind that of Atlas: signatures and tokens fail'],
    [-7200, 'problem', '120 minutes ahead'],
  ])('that is %i seconds off: %s', (seconds, status, words) => {
    const check = off(seconds);
    expect(check).toMatchObject({ name: 'clock', status });
    expect(check.message).toContain(words);
    if (status !== 'ok') expect(check.fix).toContain('NTP');
  });
});
