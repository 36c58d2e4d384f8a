import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { readDocusignEnvironment } from '../../src/sandbox/docusign/environment.js';
import { startDocusignSandbox } from '../../src/sandbox/docusign/server.js';
import { assertion, INTEGRATION_KEY, PUBLIC_KEY } from './docusign-client.js';
import { compileSandbox } from './sandbox-process.js';

const USER = '9a000000-5d86-4ea0-83fb-4b907d7e6c03';
const ACCOUNT = '9b000000-3b64-4c8e-a1d9-2f7e6b5c4a01';

function aKeyFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'docusign-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'public.pem'), PUBLIC_KEY);
  return join(folder, 'public.pem');
}

it('there is none without a port', () => {
  expect(readDocusignEnvironment({})).toBeNull();
});

it('lets in the key, the user and the account of the environment', async () => {
  const options = readDocusignEnvironment({
    SANDBOX_DOCUSIGN_PORT: '0',
    SANDBOX_DOCUSIGN_INTEGRATION_KEY: INTEGRATION_KEY,
    SANDBOX_DOCUSIGN_PUBLIC_KEY_FILE: aKeyFile(),
    SANDBOX_DOCUSIGN_USER_ID: USER,
    SANDBOX_DOCUSIGN_ACCOUNT_ID: ACCOUNT,
    SANDBOX_DOCUSIGN_REDIRECT_URLS: 'http://localhost:1/a, http://localhost:1/b',
    SANDBOX_DOCUSIGN_CONNECT_KEYS: 'one,two',
  });
  if (!options) throw new Error('none');
  expect(options).toMatchObject({
    integrationKeys: [{ redirectUris: ['http://localhost:1/a', 'http://localhost:1/b'] }],
    settings: { connect_keys: ['one', 'two'] },
  });
  const sandbox = await startDocusignSandbox(options);
  onTestFinished(() => sandbox.stop());
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await assertion({ sub: USER, aud: new URL(sandbox.url).host }),
  });
  const token = (await (await fetch(`${sandbox.url}/oauth/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  const answer = await fetch(`${sandbox.url}/restapi/v2.1/accounts/${ACCOUNT}/templates`, {
    headers: { authorization: `Bearer ${token.access_token}` },
  });
  expect(answer.status).toBe(200);
});

it.each([
  [{ SANDBOX_DOCUSIGN_PORT: 'x' }, /^SANDBOX_DOCUSIGN_PORT=x: /],
  [{ SANDBOX_DOCUSIGN_PORT: '0' }, /^SANDBOX_DOCUSIGN_PUBLIC_KEY_FILE: is needed/],
  [{ SANDBOX_DOCUSIGN_PORT: '0', SANDBOX_DOCUSIGN_PUBLIC_KEY_FILE: '/none.pem' }, /cannot be read/],
  [{ SANDBOX_DOCUSIGN_PORT: '0', SANDBOX_DOCUSIGN_ACCOUNT_ID: 'me' }, /^SANDBOX_DOCUSIGN_ACCOUNT_ID=me: /],
])('names the variable that is wrong: %j', (env, said) => {
  expect(() => readDocusignEnvironment(env)).toThrow(said);
});

it('stands beside the Atlas sandbox in its process, and ends with it', async () => {
  const { entry, remove } = compileSandbox();
  onTestFinished(remove);
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env['PATH'] ?? '',
      SANDBOX_PORT: '0',
      SANDBOX_BUCKET_PORT: '0',
      SANDBOX_DOCUSIGN_PORT: '0',
      SANDBOX_DOCUSIGN_PUBLIC_KEY_FILE: aKeyFile(),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const told: Record<string, unknown>[] = [];
  for await (const line of lines) {
    told.push(JSON.parse(line) as Record<string, unknown>);
    if (told.length === 2) break;
  }
  expect(told).toMatchObject([
    { bucketUrl: expect.any(String) as string },
    { docusignUrl: expect.any(String) as string },
  ]);
  expect((await fetch(`${String(told[1]?.['docusignUrl'])}/_sandbox/docusign/state`)).status).toBe(200);
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
});
