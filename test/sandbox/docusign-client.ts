import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { startDocusignSandbox, type DocusignOptions, type DocusignSandbox } from '../../src/sandbox/docusign/server.js';

/** One pair for all tests of a file: making them is slow. */
export const KEY_PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PUBLIC_KEY = KEY_PAIR.publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const INTEGRATION_KEY = '1c7e5a90-2b4d-4f6a-8c3e-9d0b1a2f3e4c';
export const REDIRECT = 'https://countersign.example.com/consent';

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  bytes: Buffer;
}

export interface Client {
  sandbox: DocusignSandbox;
  accountId: string;
  /** Below the account. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Below `/_sandbox/docusign`. */
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Of the server. */
  fetch(method: string, path: string, init?: RequestInit): Promise<Answer>;
  /** Creates an envelope; answers its id. */
  create(definition: Record<string, unknown>): Promise<string>;
  statusOf(envelopeId: string): Promise<unknown>;
}

/** A stand-in of its own for this test, and somebody who is logged in. */
export async function aClient(options: Partial<DocusignOptions> = {}): Promise<Client> {
  const sandbox = await startDocusignSandbox({
    integrationKeys: [{ key: INTEGRATION_KEY, publicKeys: [PUBLIC_KEY], redirectUris: [REDIRECT] }],
    ...options,
  });
  onTestFinished(() => sandbox.stop());
  const [user] = sandbox.users;
  if (!user) throw new Error('no user');
  const token = sandbox.tokens.issue(INTEGRATION_KEY, user, ['signature', 'impersonation'], 3600 * 24 * 30);
  const accountId = user.accountIds[0] ?? '';

  const client: Client = {
    sandbox,
    accountId,
    async fetch(method, path, init = {}) {
      const answer = await fetch(`${sandbox.url}${path}`, { method, redirect: 'manual', ...init });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
      const body = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
      return { status: answer.status, headers: answer.headers, body, bytes };
    },
    call: (method, path, body, headers = {}) =>
      client.fetch(method, `/restapi/v2.1/accounts/${accountId}${path}`, {
        headers: { authorization: `Bearer ${token}`, ...jsonIf(body), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    control: (method, path, body) =>
      client.fetch(method, `/_sandbox/docusign${path}`, {
        headers: jsonIf(body),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async create(definition) {
      const { status, body } = await client.call('POST', '/envelopes', definition);
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
      return String(body['envelopeId']);
    },
    async statusOf(envelopeId) {
      return (await client.call('GET', `/envelopes/${envelopeId}`)).body['status'];
    },
  };
  return client;
}

function jsonIf(body: unknown): Record<string, string> {
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

export async function assertion(
  claims: Record<string, unknown>,
  { key = KEY_PAIR.privateKey, algorithm = 'RS256' } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: INTEGRATION_KEY,
    iat: now,
    exp: now + 600,
    scope: 'signature impersonation',
    jti: randomUUID(),
    ...claims,
  })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .sign(key);
}
