import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readDocusign, readDocusignSettings } from '../../src/config/docusign.js';
import { readPrivateKey } from '../../src/docusign/private-key.js';
import { SettingsError } from '../../src/config/environment.js';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (type: 'pkcs1' | 'pkcs8') => privateKey.export({ type, format: 'pem' }).toString();

const SET = {
  DOCUSIGN_INTEGRATION_KEY: '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f',
  DOCUSIGN_USER_ID: '1f2f3f4f-83c3-4940-af5e-cda8a50dd73f',
  DOCUSIGN_PRIVATE_KEY: pem('pkcs1'),
};
const ORGANIZATION = { DOCUSIGN_ORGANIZATION_ID: '9f9f9f9f-83c3-4940-af5e-cda8a50dd73f' };

const problemsOf = (env: Record<string, string>): string => readDocusign(env).problems?.join('\n') ?? '';

describe('the settings of DocuSign', () => {
  it('are none while no variable is set, empty ones and the folder included', () => {
    expect(readDocusign({ DOCUSIGN_ENV: '', DOCUSIGN_FOLDER: '/data/docusign' })).toEqual({ value: null });
  });

  it('have the hosts of the environment, by default the developers’', () => {
    expect(readDocusignSettings(SET)).toMatchObject({
      environment: 'developer',
      urls: {
        auth: 'https://account-d.docusign.com',
        monitor: 'https://lens-d.docusign.net',
        admin: 'https://api-d.docusign.net',
        esign: null,
      },
      feeds: [],
      maxEvents: 2000,
      maxUsers: 1250,
      firstLookBackMs: 604_800_000,
      sink: { kind: 'postgres' },
      trustAnyCertificate: false,
    });
    expect(readDocusignSettings({ ...SET, DOCUSIGN_ENV: 'production' }).urls).toMatchObject({
      auth: 'https://account.docusign.com',
      monitor: 'https://lens.docusign.net',
    });
    const stream = { ...SET, ...ORGANIZATION, DOCUSIGN_MONITOR_API: 'organization' };
    expect(readDocusignSettings(stream).urls.monitor).toBe('https://api-d.docusign.com');
  });

  it.each([
    ['PKCS#1', pem('pkcs1')],
    ['PKCS#8', pem('pkcs8')],
    ['with spaces for line breaks', pem('pkcs1').replaceAll('\n', ' ')],
    ['with \\n for line breaks', pem('pkcs8').replaceAll('\n', '\\n')],
  ])('take a private key in %s', (_form, DOCUSIGN_PRIVATE_KEY) => {
    const settings = readDocusignSettings({ ...SET, DOCUSIGN_PRIVATE_KEY });
    expect(readPrivateKey(settings.privateKey).equals(privateKey)).toBe(true);
  });

  it('take the private key from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-key-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'key.pem');
    await writeFile(path, pem('pkcs8'));
    const { DOCUSIGN_PRIVATE_KEY: _, ...rest } = SET;
    expect(readDocusignSettings({ ...rest, DOCUSIGN_PRIVATE_KEY_FILE: path }).privateKey).toBe(pem('pkcs8').trim());
  });

  it('show nothing of a private key that cannot be used', () => {
    const secret = 'c2VjcmV0IGtleSBtYXRlcmlhbA';
    for (const DOCUSIGN_PRIVATE_KEY of [
      secret,
      `-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----`,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ]) {
      const problems = problemsOf({ ...SET, DOCUSIGN_PRIVATE_KEY });
      expect(problems).toMatch(
        /^DOCUSIGN_PRIVATE_KEY: must be an unencrypted RSA private key of 2,048 bits or more in PEM/,
      );
      expect(problems).not.toContain(DOCUSIGN_PRIVATE_KEY.replaceAll(/-+[A-Z ]+-+|\s/g, '').slice(0, 12));
    }
  });

  it.each([
    [{ DOCUSIGN_ENV: 'demo' }, /^DOCUSIGN_ENV: must be developer or production; for example DOCUSIGN_ENV=developer$/],
    [{ DOCUSIGN_USERID: 'x' }, /^DOCUSIGN_USERID: is not known; known are DOCUSIGN_ENV, /],
    [{ DOCUSIGN_USER_ID: 'ann@example.com' }, /^DOCUSIGN_USER_ID: must be the id of the user .*: a GUID/],
    [
      { DOCUSIGN_FEEDS: 'customer-events,users' },
      /^DOCUSIGN_FEEDS: must be a comma list of customer-events, audit-users/,
    ],
    [
      { DOCUSIGN_FEEDS: 'audit-users' },
      /^DOCUSIGN_ORGANIZATION_ID: is not set, but DOCUSIGN_FEEDS=audit-users needs it/,
    ],
    [{ DOCUSIGN_MAX_EVENTS: '2001' }, /^DOCUSIGN_MAX_EVENTS: must be at most 2000/],
    [{ DOCUSIGN_MAX_USERS: 'many' }, /^DOCUSIGN_MAX_USERS: must be a whole number from 1 to 1250/],
    [{ DOCUSIGN_LOOK_BACK: '8 days' }, /^DOCUSIGN_LOOK_BACK: must be a duration of at most 7 days/],
    [
      { DOCUSIGN_AUTH_URL: 'https://account-x.docusign.com' },
      /^DOCUSIGN_AUTH_URL: .* is no host of DocuSign's that is known/,
    ],
    [{ DOCUSIGN_SINK: 'kafka' }, /^DOCUSIGN_SINK: must be postgres, file: with a path, or the https: address/],
    [{ DOCUSIGN_SINK_TOKEN: 'secret-token' }, /^DOCUSIGN_SINK_TOKEN: is for a log collector only/],
  ])('refuse %j and say what to do', (over, problem) => {
    const problems = problemsOf({ ...SET, ...over });
    expect(problems).toMatch(problem);
    expect(problems.split('\n')).toHaveLength(1);
  });

  it('name everything that is missing once one variable is set', () => {
    expect(problemsOf({ DOCUSIGN_FEEDS: 'customer-events' }).split('\n')).toEqual([
      expect.stringMatching(/^DOCUSIGN_INTEGRATION_KEY: is not set, but DOCUSIGN_FEEDS is; for example /),
      expect.stringMatching(/^DOCUSIGN_USER_ID: is not set, but DOCUSIGN_FEEDS is; for example /),
      expect.stringMatching(/^DOCUSIGN_PRIVATE_KEY: is not set, but DOCUSIGN_FEEDS is; for example /),
    ]);
    expect(() => readDocusignSettings({})).toThrow(SettingsError);
  });
});
