/** A DocuSign on this machine that answers what a test says, with a login that works unless the test says otherwise. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DocusignError, type DocusignAccount } from '../../src/docusign/account.js';
import { openDocusignAccount, type AccountOptions } from '../../src/docusign/open-account.js';
import type { DocusignSettings } from '../../src/docusign/settings.js';
import { aServer, json, type Asked, type LocalServer } from '../signing/local-atlas.js';

export const KEY = '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f';
export const USER = '1f2f3f4f-83c3-4940-af5e-cda8a50dd73f';
export const ACCOUNT = '5f5f5f5f-83c3-4940-af5e-cda8a50dd73f';
export const ORGANIZATION = '9f9f9f9f-83c3-4940-af5e-cda8a50dd73f';
export const ENVELOPE = 'e1e1e1e1-83c3-4940-af5e-cda8a50dd73f';
/** Every token begins so, so that a test can look for one that leaked. */
export const TOKEN = 'token-SECRET-';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PUBLIC_KEY = pair.publicKey;
export const PUBLIC_PEM = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const PKCS1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
export const PKCS8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-docusign-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Settings of an account whose every host is `url`. */
export async function settingsFor(url: string, changed: Partial<DocusignSettings> = {}): Promise<DocusignSettings> {
  return {
    environment: 'developer',
    integrationKey: KEY,
    userId: USER,
    privateKey: PKCS1,
    redirectUrl: 'https://countersign.example.com/back?a=b&c=d',
    accountId: null,
    organizationId: ORGANIZATION,
    urls: { auth: url, monitor: url, admin: url, esign: null },
    connectKeys: [],
    feeds: [],
    maxEvents: 2000,
    maxUsers: 1250,
    monitorApi: 'v2',
    firstLookBackMs: 60_000,
    sink: { kind: 'postgres' },
    trustAnyCertificate: false,
    folder: changed.folder ?? (await aFolder()),
    ...changed,
  };
}

export interface LocalDocusign extends LocalServer {
  /** Requests to the token endpoint, userinfo, and everything else. */
  logins(): Asked[];
  userinfos(): Asked[];
  calls(): Asked[];
}

export interface Answers {
  login?: (asked: Asked, response: ServerResponse, number: number) => void;
  userinfo?: (asked: Asked, response: ServerResponse) => void;
  call?: (asked: Asked, response: ServerResponse) => void;
}

export async function aDocusign({ login, userinfo, call }: Answers = {}): Promise<LocalDocusign> {
  let logins = 0;
  const server: LocalServer = await aServer((asked, response) => {
    const path = asked.url.split('?')[0] ?? '';
    if (path === '/oauth/token') {
      logins += 1;
      if (login) login(asked, response, logins);
      else granted(response, `${TOKEN}${logins}`);
    } else if (path === '/oauth/userinfo') {
      if (userinfo) userinfo(asked, response);
      else json(response, 200, { sub: USER, email: 'ada@example.com', accounts: [accountAt(server.url)] });
    } else if (call) {
      call(asked, response);
    } else {
      json(response, 200, { fine: true });
    }
  });
  const at = (path: string) => server.asked.filter(({ url }) => url.startsWith(path));
  return {
    ...server,
    logins: () => at('/oauth/token'),
    userinfos: () => at('/oauth/userinfo'),
    calls: () => server.asked.filter(({ url }) => !url.startsWith('/oauth/')),
  };
}

export function granted(response: ServerResponse, token: string, seconds = 3600, more: object = {}): void {
  json(response, 200, { access_token: token, token_type: 'Bearer', expires_in: seconds, ...more });
}

export function accountAt(baseUri: string, accountId = ACCOUNT, isDefault = true): object {
  return { account_id: accountId, is_default: isDefault, account_name: 'Ada Example’s', base_uri: baseUri };
}

/** Closed with the test. */
export function anAccount(settings: DocusignSettings, options: AccountOptions = {}): DocusignAccount {
  const account = openDocusignAccount(settings, options);
  onTestFinished(() => account.close());
  return account;
}

/** The error a promise ends with; fails when it does not. */
export async function docusignErrorOf(promise: Promise<unknown>): Promise<DocusignError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof DocusignError) return outcome;
  throw new Error('no DocusignError was thrown', { cause: outcome });
}

/** Everything of an error that could reach a log. */
export function wholeText(error: DocusignError): string {
  return [error.message, error.stack, JSON.stringify(error), String(error.cause), error.code].join('\n');
}

/** A log that keeps its lines. */
export function aLog(): {
  lines: string[];
  info: (a: object, m: string) => void;
  warn: (a: object, m: string) => void;
} {
  const lines: string[] = [];
  const write = (attributes: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(attributes)}`);
  return { lines, info: write, warn: write };
}

export const LIST = { api: 'esignature', method: 'GET', path: '/envelopes' } as const;
export const READ = { api: 'esignature', method: 'GET', path: `/envelopes/${ENVELOPE}` } as const;
