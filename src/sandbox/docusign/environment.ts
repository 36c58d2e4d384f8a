import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BadEnvironment, check, origin, port } from '../environment.js';
import { DEFAULT_ACCOUNTS, DEFAULT_USERS } from './defaults.js';
import type { DocusignOptions } from './server.js';

const EXAMPLE_KEY = '1c7e5a90-2b4d-4f6a-8c3e-9d0b1a2f3e4c';
const key = { schema: z.guid(), fallback: EXAMPLE_KEY, example: EXAMPLE_KEY };
const user = { schema: z.guid(), fallback: DEFAULT_USERS[0]?.userId ?? '', example: DEFAULT_USERS[0]?.userId ?? '' };
const account = {
  schema: z.guid(),
  fallback: DEFAULT_ACCOUNTS[0]?.accountId ?? '',
  example: DEFAULT_ACCOUNTS[0]?.accountId ?? '',
};
const url = { schema: origin, fallback: '', example: 'http://localhost:8092' };
const redirects = z.string().transform((list) => list.split(',').map((entry) => entry.trim()));

/**
 * The stand-in for DocuSign, from `SANDBOX_DOCUSIGN_PORT`, without which there is none (null): `…_INTEGRATION_KEY`, `…_PUBLIC_KEY_FILE` (PEM, needed), `…_USER_ID`,
 * `…_ACCOUNT_ID`, `…_REDIRECT_URLS` and `…_CONNECT_KEYS` (comma lists), `…_PUBLIC_URL`. Throws BadEnvironment.
 */
export function readDocusignEnvironment(env: NodeJS.ProcessEnv): DocusignOptions | null {
  const given = (name: string): string | undefined =>
    env[`SANDBOX_DOCUSIGN_${name}`]?.trim() === '' ? undefined : env[`SANDBOX_DOCUSIGN_${name}`]?.trim();
  const read = <T extends z.ZodType>(
    name: string,
    variable: { schema: T; fallback: string; example: string },
  ): z.output<T> => check(`SANDBOX_DOCUSIGN_${name}`, variable, given(name));
  if (given('PORT') === undefined) return null;
  const accountId = read('ACCOUNT_ID', account);
  const [first, second] = DEFAULT_ACCOUNTS;
  const accounts = first && second ? [{ ...first, accountId }, second] : [];
  const publicUrl = given('PUBLIC_URL') === undefined ? null : read('PUBLIC_URL', url);
  return {
    host: env['HOST']?.trim() || '127.0.0.1',
    port: read('PORT', { schema: port, fallback: '8092', example: '8092' }),
    publicUrl,
    integrationKeys: [
      {
        key: read('INTEGRATION_KEY', key),
        publicKeys: [publicKey(given('PUBLIC_KEY_FILE'))],
        redirectUris: read('REDIRECT_URLS', {
          schema: redirects,
          fallback: 'http://localhost:8080/',
          example: 'http://localhost:8080/',
        }),
      },
    ],
    accounts,
    users: DEFAULT_USERS.map((one) => ({
      ...one,
      userId: read('USER_ID', user),
      accountIds: accounts.map((entry) => entry.accountId),
    })),
    settings: { connect_keys: (given('CONNECT_KEYS') ?? '').split(',').filter((entry) => entry !== '') },
  };
}

function publicKey(file: string | undefined): string {
  const name = 'SANDBOX_DOCUSIGN_PUBLIC_KEY_FILE';
  const example = 'example: ./data/docusign-public.pem';
  if (file === undefined) throw new BadEnvironment(`${name}: is needed for SANDBOX_DOCUSIGN_PORT (${example})`);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new BadEnvironment(`${name}=${file}: cannot be read (${example})`);
  }
}
