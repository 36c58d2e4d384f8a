import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addDocusignCommands } from '../../src/cli/docusign/command.js';
import { docusignChecks } from '../../src/cli/docusign/checks.js';
import { createProgram, run } from '../../src/cli/program.js';
import type { Terminal } from '../../src/cli/terminal.js';
import type { Environment } from '../../src/config.js';
import { openCallLog } from '../../src/docusign/call-log.js';
import { fingerprintOf } from '../../src/docusign/fingerprints.js';
import { json, type Asked } from '../signing/local-atlas.js';
import {
  ACCOUNT,
  aDocusign,
  aFolder,
  anAccount,
  KEY,
  LIST,
  ORGANIZATION,
  PKCS1,
  settingsFor,
  TOKEN,
  USER,
  type Answers,
} from '../docusign/local-docusign.js';

const REDIRECT = 'https://countersign.example.com/back?a=b';

async function anEnvironment(url: string, more: Environment = {}): Promise<Environment> {
  return {
    DOCUSIGN_INTEGRATION_KEY: KEY,
    DOCUSIGN_USER_ID: USER,
    DOCUSIGN_PRIVATE_KEY: PKCS1,
    DOCUSIGN_REDIRECT_URL: REDIRECT,
    DOCUSIGN_ORGANIZATION_ID: ORGANIZATION,
    DOCUSIGN_AUTH_URL: url,
    DOCUSIGN_MONITOR_URL: url,
    DOCUSIGN_ADMIN_URL: url,
    DOCUSIGN_FOLDER: await aFolder(),
    ...more,
  };
}

async function countersign(env: Environment, ...args: string[]) {
  const ran = { code: undefined as number | undefined, out: '', err: '', json: {} as Record<string, unknown> };
  const terminal: Terminal = {
    out: (text) => void (ran.out += text),
    err: (text) => void (ran.err += text),
    exitCode: (code) => void (ran.code = code),
    columns: null,
    screen: { write: () => undefined },
    input: async () => '',
    ask: async () => null,
    interruption: () => ({ signal: new AbortController().signal, release: () => undefined }),
  };
  const program = createProgram().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  addDocusignCommands(program, env, terminal);
  await run(program, ['node', 'countersign', 'docusign', ...args], terminal);
  if (args.includes('--json')) ran.json = JSON.parse(ran.out) as Record<string, unknown>;
  expect(ran.out + ran.err).not.toMatch(new RegExp(`${TOKEN}|ada@|eyJ`));
  expect(ran.out + ran.err).not.toContain(PKCS1.slice(40, 80));
  return ran;
}

describe('countersign docusign consent-url', () => {
  it('prints an address that brings back the consent of one user', async () => {
    const env = await anEnvironment('https://account-d.docusign.com');
    const { code, json: told } = await countersign({ ...env, DOCUSIGN_FEEDS: 'audit-users' }, 'consent-url', '--json');
    expect(code).toBe(0);
    const scopes = 'signature%20impersonation%20user_read%20organization_read';
    const redirect = 'https%3A%2F%2Fcountersign.example.com%2Fback%3Fa%3Db';
    expect(told.url).toBe(
      `https://account-d.docusign.com/oauth/auth?response_type=code&scope=${scopes}&client_id=${KEY}&redirect_uri=${redirect}`,
    );
  });

  it('prints the one for administrators', async () => {
    const env = await anEnvironment('https://account-d.docusign.com');
    const { out } = await countersign(env, 'consent-url', '--admin');
    expect(out).toContain('?response_type=code&scope=openid&admin_consent_scope=signature%20impersonation&client_id=');
    expect(out).not.toContain('state=');
  });

  it('needs a redirect URL, and names its variable', async () => {
    const { code, err } = await countersign(
      await anEnvironment('https://account-d.docusign.com', { DOCUSIGN_REDIRECT_URL: '' }),
      'consent-url',
    );
    expect([code, err]).toEqual([1, expect.stringContaining('DOCUSIGN_REDIRECT_URL')]);
  });
});

it('countersign docusign reset-token makes a process that runs log in anew', async () => {
  const server = await aDocusign();
  const env = await anEnvironment(server.url);
  const account = anAccount(await settingsFor(server.url, { folder: env.DOCUSIGN_FOLDER ?? '' }));
  await account.call(LIST);
  expect(await countersign(env, 'reset-token')).toMatchObject({
    code: 0,
    out: expect.stringContaining('logs in anew') as unknown,
  });
  await account.call(LIST);
  expect(server.logins()).toHaveLength(2);
  await countersign(env, 'reset-token');
  expect((await countersign(env, 'reset-token', '--json')).json).toEqual({ ok: true, files: 0 });
});

describe('countersign docusign auth-test', () => {
  const FEEDS = { DOCUSIGN_FEEDS: 'customer-events,audit-users' };

  it('asks each API that is configured, and no other', async () => {
    const server = await aDocusign();
    const { code, out } = await countersign(await anEnvironment(server.url), 'auth-test');
    expect(code).toBe(0);
    expect(out).toMatch(/ok +DocuSign login: .*fingerprint [0-9a-f]{8}.*\nok +DocuSign eSignature: answers\nok +clock/);
    expect(server.calls()).toHaveLength(1);
    const both = await countersign(await anEnvironment(server.url, FEEDS), 'auth-test', '--json');
    expect(both.json).toMatchObject({ ok: true });
    expect(
      server
        .calls()
        .slice(1)
        .map(({ url }) => url.split('?')[0]),
    ).toEqual([
      `/restapi/v2.1/accounts/${ACCOUNT}/envelopes`,
      '/api/v2.0/datasets/monitor/stream',
      `/management/v2/organizations/${ORGANIZATION}/users`,
    ]);
  });

  it('asks the organization’s stream where that is used', async () => {
    const server = await aDocusign();
    await countersign(await anEnvironment(server.url, { ...FEEDS, DOCUSIGN_MONITOR_API: 'organization' }), 'auth-test');
    expect(server.calls()[1]?.url).toMatch(`/v1/organizations/${ORGANIZATION}/stream`);
  });

  const answered =
    (path: string, status: number, body: object): NonNullable<Answers['call']> =>
    (asked: Asked, response) =>
      asked.url.includes(path) ? json(response, status, body) : json(response, 200, {});

  it.each<[string, Answers, RegExp]>([
    [
      'no consent',
      { login: (_a, r) => json(r, 400, { error: 'consent_required' }) },
      /PROBLEM +DocuSign login: .*\n +-> Nobody has consented.*consent-url.*\nskipped/,
    ],
    [
      'a login that is down',
      { login: (_a, r) => json(r, 503, {}) },
      /PROBLEM +DocuSign login: .*503.*\n +-> It should pass/,
    ],
    [
      'no answer',
      { login: (_a, r) => void r.destroy() },
      /PROBLEM +DocuSign login: .*\n +-> Check DOCUSIGN_ENV, DOCUSIGN_AUTH_URL/,
    ],
    [
      'a user without the role for Monitor',
      { call: answered('/datasets/', 403, {}) },
      /ok +DocuSign eSignature.*[^]*PROBLEM +DocuSign Monitor: .*403.*\n +-> The user .* security reports administrator[^]*ok +DocuSign Admin/,
    ],
    [
      'an organization that is not there',
      { call: answered('/management/', 404, {}) },
      /PROBLEM +DocuSign Admin: .*404.*\n +-> Check DOCUSIGN_ADMIN_URL and DOCUSIGN_ORGANIZATION_ID/,
    ],
    [
      'an API that is down',
      { call: answered('/envelopes', 500, { message: 'ada@example.com' }) },
      /warning +DocuSign eSignature: .*500.*\n +-> It should pass/,
    ],
  ])('says how to mend %s', async (_what, answers, expected) => {
    const server = await aDocusign(answers);
    const { out } = await countersign(await anEnvironment(server.url, FEEDS), 'auth-test');
    expect(out).toMatch(expected);
  });

  it('names the accounts there are when the chosen one is none of them', async () => {
    const server = await aDocusign();
    const env = await anEnvironment(server.url, { DOCUSIGN_ACCOUNT_ID: ORGANIZATION });
    const { code, out } = await countersign(env, 'auth-test');
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`PROBLEM +DocuSign login: DOCUSIGN_ACCOUNT_ID is none.*\\n.*${ACCOUNT}`));
  });

  it('warns of certificates that nobody checks, and never rejects', async () => {
    const server = await aDocusign();
    const settings = await settingsFor(server.url, { trustAnyCertificate: true });
    expect((await docusignChecks(settings))[0]).toMatchObject({
      name: 'DOCUSIGN_TRUST_ANY_CERTIFICATE',
      status: 'warning',
    });
    expect(await docusignChecks({ ...settings, privateKey: 'none' })).toMatchObject([
      { name: 'DocuSign', status: 'problem' },
    ]);
  });
});

describe('countersign docusign get-events', () => {
  const event = (eventId: string) => ({
    eventId,
    timestamp: '2024-06-30T07:08:06.3038365Z',
    object: 'Envelope',
    action: 'Created\u2028\u009b',
  });
  const page: Answers = {
    call: (_asked, response) =>
      json(response, 200, { endCursor: 'c1', data: [event('e1'), event('e2'), event('e3'), { eventId: 'e4' }] }),
  };

  it('shows a page of customer events as it would be delivered, and remembers nothing', async () => {
    const server = await aDocusign(page);
    const env = await anEnvironment(server.url, { DOCUSIGN_FEEDS: 'customer-events' });
    const { code, json: told } = await countersign(
      env,
      'get-events',
      '--type',
      'customer-events',
      '--limit',
      '2',
      '--json',
    );
    expect(code).toBe(0);
    expect(told).toMatchObject({ ok: true, feed: 'customer-events' });
    expect(told.rows).toMatchObject([
      { eventId: 'e1', _time: '2024-06-30T07:08:06Z', source_log_type: 'customerevent' },
      { eventId: 'e2' },
    ]);
    const query = new URL(server.calls()[0]?.url ?? '', server.url).searchParams;
    expect(query.get('limit')).toBe('2');
    expect((await readdir(env.DOCUSIGN_FOLDER ?? '')).filter((name) => !/^(login-|calls)/.test(name))).toEqual([]);
  });

  it('shows a row a line', async () => {
    const server = await aDocusign(page);
    const { out } = await countersign(await anEnvironment(server.url), 'get-events', '--type', 'customer-events');
    expect(out).toMatch(/^customer-events: 3 rows\n\{"eventId":"e1"/);
    expect(out).not.toMatch(/[\u2028\u009b]/);
    expect(out.trimEnd().split('\n')).toHaveLength(4);
  });

  it('shows users with their details', async () => {
    const server = await aDocusign({
      call: (asked, response) =>
        asked.url.includes('/management/')
          ? json(response, 200, { users: [{ id: USER, user_name: 'U' }], paging: { total_set_size: 1 } })
          : json(response, 200, {
              userId: USER,
              userName: 'U',
              userSettings: { modifiedDate: '6/30/2024 7:08:06 AM' },
            }),
    });
    const { json: told } = await countersign(
      await anEnvironment(server.url, { DOCUSIGN_FEEDS: 'audit-users' }),
      'get-events',
      '--type',
      'audit-users',
      '--json',
    );
    expect(told.rows).toMatchObject([
      { id: USER, userName: 'U', _time: '2024-06-30T07:08:06Z', source_log_type: 'auditusers' },
    ]);
  });

  it('says what stands in the way', async () => {
    const server = await aDocusign({ call: (_asked, response) => json(response, 403, {}) });
    const { code, err } = await countersign(await anEnvironment(server.url), 'get-events', '--type', 'customer-events');
    expect([code, err]).toEqual([1, expect.stringMatching(/^Failed: DocuSign answered 403/)]);
  });

  it.each([[['--type', 'others']], [[]], [['--type', 'audit-users', '--limit', '0']]])('takes no %o', async (args) => {
    const { code } = await countersign(await anEnvironment('http://127.0.0.1:1'), 'get-events', ...args);
    expect(code).toBe(2);
  });
});

describe('countersign docusign go-live', () => {
  async function afterCalls(number: number) {
    const server = await aDocusign();
    const env = await anEnvironment(server.url);
    const account = anAccount(await settingsFor(server.url, { folder: env.DOCUSIGN_FOLDER ?? '' }));
    for (let call = 0; call < number; call += 1) await account.call(LIST);
    return env;
  }

  it('is not ready before 20 calls, and says how far it is', async () => {
    const { code, out } = await countersign(await afterCalls(3), 'go-live');
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`^Not ready yet\\.\n +key ${fingerprintOf(KEY)}: 3 of 20`));
    expect(out).toContain('oauth 1, userinfo 1');
    expect(out).toContain('DOCUSIGN_CONNECT_KEYS');
  });

  it('is ready after them', async () => {
    const env = await afterCalls(20);
    const log = openCallLog(join(env.DOCUSIGN_FOLDER ?? ''));
    const other = {
      at: new Date().toISOString(),
      key: 'bbbbbbbb',
      environment: 'developer',
      api: 'esignature',
      method: 'GET',
    } as const;
    await log.append({ ...other, route: '/envelopes', envelope: null, resource: null, status: 500, code: null, ms: 1 });
    const { code, json: told } = await countersign(env, 'go-live', '--json');
    expect(code).toBe(0);
    expect(told).toMatchObject({ ok: true, ready: true, streak: 20, others: [{ key: 'bbbbbbbb', ready: false }] });
  });

  it('is not ready without any call', async () => {
    expect(await countersign(await anEnvironment('http://127.0.0.1:1'), 'go-live', '--json')).toMatchObject({
      code: 1,
      json: { ok: false, streak: 0 },
    });
  });
});

it('names the variables that are missing', async () => {
  const { code, err } = await countersign({ DOCUSIGN_INTEGRATION_KEY: KEY }, 'auth-test');
  expect(code).toBe(1);
  expect(err).toMatch(/DOCUSIGN_USER_ID: is not set[^]*DOCUSIGN_PRIVATE_KEY/);
});
