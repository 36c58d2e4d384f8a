/** What others must reach: the gateway at its public address, the identity provider at its own. */
import { describe, expect, it } from 'vitest';
import { publicUrlChecks } from '../../src/cli/public-url-check.js';
import { examineOidc } from '../../src/gateway/oidc-examination.js';
import { freePort } from '../../src/stack/ports.js';
import { aGateway } from '../gateway/a-gateway.js';
import { answering } from '../support/answering.js';

describe('the doctor, of PUBLIC_URL', () => {
  const look = (base: string) => publicUrlChecks(`${base}/webhooks/atlas`);

  it('is content when our gateway answers there, and its clock agrees', async () => {
    const { app } = aGateway();
    const base = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(await look(base)).toEqual([
      { name: 'PUBLIC_URL', status: 'ok', message: `the gateway answers at ${base}` },
      { name: 'clock', status: 'ok', message: 'agrees with that of the gateway' },
    ]);
    await app.close();
  });

  it('keeps the path that stands before the gateway', async () => {
    const asked: string[] = [];
    const base = await answering(({ url = '' }, response) => {
      asked.push(url);
      response.setHeader('x-request-id', '1').end('{"status":"ok"}');
    });
    expect(await look(`${base}/countersign`)).toMatchObject([{ status: 'ok' }, { name: 'clock' }]);
    expect(asked).toEqual(['/countersign/healthz']);
  });

  it('warns when nobody answers: others may reach what this machine does not', async () => {
    const [check] = await look(`http://127.0.0.1:${await freePort()}`);
    expect(check).toMatchObject({ name: 'PUBLIC_URL', status: 'warning' });
    expect(check?.message).toContain('ECONNREFUSED');
    expect(check?.fix).toContain('Start the gateway');
  });

  it('warns when the answer does not come', async () => {
    const [check] = await look(await answering(() => undefined));
    expect(check).toMatchObject({ status: 'warning' });
    expect(check?.message).toContain('nothing came within 5 seconds');
  }, 15_000);

  it.each([
    ['another server that is well', 200, {}, '{"status":"ok"}', 'problem', 'Set PUBLIC_URL'],
    ['a web page', 200, { 'x-request-id': '1' }, '<html></html>', 'problem', 'Set PUBLIC_URL'],
    ['a server without such a page', 404, {}, '', 'problem', 'Set PUBLIC_URL'],
    ['a proxy whose gateway is away', 502, {}, '', 'warning', 'Start the gateway'],
    ['a login', 401, {}, '', 'problem', 'Let /webhooks/atlas and /healthz through'],
    ['a way elsewhere', 301, { location: 'https://other.example/secret' }, '', 'problem', 'Set PUBLIC_URL to where'],
    ['no end of words', 200, { 'x-request-id': '1' }, 'x'.repeat(200_000), 'warning', 'Start the gateway'],
  ])('finds %s there', async (_what, status, headers, text, verdict, fix) => {
    const base = await answering((_request, response) => response.writeHead(status, headers).end(text));
    const checks = await look(base);
    expect(checks).toMatchObject([{ name: 'PUBLIC_URL', status: verdict }]);
    expect(checks[0]?.fix).toContain(fix);
    expect(checks[0]?.message).not.toContain('secret');
  });
});

describe('the doctor, of the identity provider', () => {
  const KEY = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };

  /** Answers its discovery document and keys, each as a test wants it. */
  async function aProvider(over: { issuer?: string; keys?: unknown; keysStatus?: number } = {}): Promise<string> {
    const url: string = await answering((request, response) => {
      const { host } = request.headers;
      const discovery = { issuer: over.issuer ?? `http://${host}/`, jwks_uri: `http://${host}/keys` };
      if (request.url === '/.well-known/openid-configuration') return void response.end(JSON.stringify(discovery));
      return void response.writeHead(over.keysStatus ?? 200).end(JSON.stringify(over.keys ?? { keys: [KEY] }));
    });
    return `${url}/`;
  }

  it('is content when its keys can be fetched', async () => {
    const issuer = await aProvider();
    expect(await examineOidc({ issuer })).toBe(`${issuer} gives 1 key`);
  });

  it.each([
    [
      'calls itself by another name',
      { issuer: 'https://other.example/' },
      /is of the issuer https:\/\/other\.example\//,
    ],
    ['has no keys', { keys: { keys: [] } }, /has no key that could check a signature/],
    ['has shared secrets only', { keys: { keys: [{ kty: 'oct' }] } }, /has no key that could check a signature/],
    ['has rubbish for keys', { keys: ['?'] }, /gives no keys \(200\)/],
    ['refuses its keys', { keysStatus: 403 }, /gives no keys \(403\)/],
  ])('finds a problem when it %s', async (_what, over, words) => {
    await expect(aProvider(over).then((issuer) => examineOidc({ issuer }))).rejects.toThrow(words);
  });

  it('finds a problem when it does not answer, or is none', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await expect(examineOidc({ issuer: nowhere })).rejects.toThrow(/does not answer: ECONNREFUSED/);
    const other = await answering((_request, response) => response.writeHead(404).end('<html></html>'));
    await expect(examineOidc({ issuer: other })).rejects.toThrow(/gives no discovery document \(404\)/);
  });
});
