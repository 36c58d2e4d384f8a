import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadJsforce } from '../../src/crm/salesforce/api.js';
import { loginRefusal } from '../../src/crm/salesforce/login-refusal.js';
import { audienceOf } from '../../src/crm/salesforce/login.js';
import { mappingSchema } from '../../src/crm/salesforce/mapping.js';
import { proxyFor } from '../../src/crm/salesforce/proxy.js';
import { idOf } from '../../src/crm/salesforce/ids.js';
import { readCrm, readCrmNotifications } from '../../src/config/crm.js';
import { apiError } from '../../src/sandbox/salesforce/faults.js';
import { saying } from './contract.js';
import { aWorld, CLIENT_ID, FIELDS, KEYS, MAPPING, USERNAME, type World } from './salesforce-world.js';

const PEM = KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('the look at Salesforce before the first deal', () => {
  beforeAll(() => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  it.each<[string, Parameters<typeof aWorld>, string]>([
    [
      'fields that are missing',
      [{ fields: omit('Countersign_Stage__c', 'Contract_Document__c') }],
      'no field Countersign_Stage__c, Contract_Document__c',
    ],
    [
      'a field that cannot be written',
      [{ fields: { ...FIELDS, Countersign_Stage__c: { type: 'string', updateable: false } } }],
      'may not write Countersign_Stage__c',
    ],
    [
      'a version that is a text',
      [{ fields: { ...FIELDS, Countersign_Version__c: { type: 'string' } } }],
      'Countersign_Version__c must be a number of 18 digits',
    ],
    [
      'a version with too few digits',
      [{ fields: { ...FIELDS, Countersign_Version__c: { type: 'double', precision: 10, scale: 2 } } }],
      'Countersign_Version__c must be a number',
    ],
    [
      'a round that is a text',
      [{ fields: { ...FIELDS, Contract_Round__c: { type: 'string' } } }],
      'Contract_Round__c must be a number',
    ],
    [
      'stages that there are none of',
      [{}, { withdrawn: ['Dropped'] }],
      'stages that opportunities do not have: Dropped',
    ],
    ['a status that tasks do not have', [{}, { noteStatus: 'Erledigt' }], 'no status Erledigt'],
    ['a path into nothing', [{}, { prefill: { company: 'Account.Nickname__c' } }], 'Nickname__c'],
  ])('finds %s', async (_what, given, words) => {
    const world = await aWorld(...given);
    await expect(world.crm.check()).rejects.toMatchObject({
      name: 'CrmError',
      kind: 'refused',
      message: saying(words),
    });
    expect(world.writes()).toEqual([]);
    await world.salesforce.close();
  });
});

/** The fields without some of them. */
function omit(...names: string[]): typeof FIELDS {
  return Object.fromEntries(Object.entries(FIELDS).filter(([name]) => !names.includes(name)));
}

describe('the login', () => {
  let world: World;
  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    world = await aWorld({ users: [USERNAME, 'sam@example.com'], approved: [USERNAME] });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world.salesforce.close();
  });

  it.each([
    [{ clientId: 'another app' }, 'SALESFORCE_CLIENT_ID'],
    [{ username: 'sam@example.com' }, 'Admin approved users are pre-authorized'],
    [{ username: 'nobody@example.com' }, 'Admin approved users are pre-authorized'],
    [{ key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }, 'SALESFORCE_PRIVATE_KEY'],
  ])('that fails says what to mend, without names', async (wrong, words) => {
    const { crm } = await world.another(wrong);
    const failed: unknown = await crm.check().catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'CrmError', kind: 'refused', message: saying(words) });
    expect(String(failed)).not.toMatch(/@example/);
  });

  it.each([
    ['behind', 10 * 60_000],
    ['ahead', -10 * 60_000],
  ])('that fails since the clock of this machine is %s says so', async (_way, ms) => {
    world.salesforce.tokens.aheadMs = ms;
    const { crm } = await world.another();
    await expect(crm.check()).rejects.toMatchObject({ kind: 'refused', message: saying('clock of this machine') });
    world.salesforce.tokens.aheadMs = 0;
    await expect(crm.check()).resolves.toBeUndefined();
  });

  it.each([
    [
      400,
      { error: 'invalid_grant', error_description: "user hasn't approved this consumer" },
      'refused',
      'pre-authorized',
    ],
    [
      400,
      { error: 'invalid_grant', error_description: 'Audience validation failed' },
      'refused',
      'SALESFORCE_LOGIN_URL',
    ],
    [
      400,
      { error: 'invalid_client', error_description: 'invalid client credentials' },
      'refused',
      'digital signatures',
    ],
    [400, { error: 'inactive_user', error_description: 'user is inactive' }, 'refused', 'inactive'],
    [400, { error: 'invalid_grant', error_description: 'ip restricted' }, 'refused', 'IP addresses'],
    [400, { error: 'invalid_grant', error_description: 'authentication failure' }, 'refused', 'SALESFORCE_USERNAME'],
    [400, { error: 'unsupported_grant_type' }, 'refused', 'JWT bearer'],
    [400, { error: 'unknown_error', error_description: 'retry your request' }, 'unavailable', 'unknown_error'],
    [403, { error: 'login rate exceeded', error_description: 'sam@example.com' }, 'unavailable', '403'],
    [503, undefined, 'unavailable', '503'],
    [404, undefined, 'refused', 'check SALESFORCE_LOGIN_URL'],
  ])('that is answered %i %j is %s', (status, body, kind, words) => {
    const error = loginRefusal(status, body, 'https://login.salesforce.com');
    expect(error).toMatchObject({ kind, message: saying(words) });
    expect(error.message).not.toContain('@');
  });

  it.each([
    ['https://login.salesforce.com', 'https://login.salesforce.com'],
    ['https://test.salesforce.com', 'https://test.salesforce.com'],
    ['https://example.my.salesforce.com', 'https://login.salesforce.com'],
    ['https://example--uat.sandbox.my.salesforce.com', 'https://test.salesforce.com'],
  ])('at %s is made out to %s', (loginUrl, audience) => {
    expect(audienceOf(loginUrl)).toBe(audience);
  });

  it('is asked for anew after one that failed', async () => {
    const fresh = await world.another();
    world.salesforce.faults.next(/describe/, apiError(503, 'SERVER_UNAVAILABLE'));
    await expect(fresh.crm.check()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(fresh.crm.check()).resolves.toBeUndefined();
    const stranger = await world.another({ clientId: 'another app' });
    for (let time = 0; time < 2; time += 1)
      await expect(stranger.crm.check()).rejects.toMatchObject({ kind: 'refused' });
  });

  it('is not taken from an address that answers with something else', async () => {
    const page = createServer((_request, response) => response.writeHead(200).end('<h1>Hello</h1>')).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((listening) => page.once('listening', listening));
    const address = page.address();
    const loginUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const { crm } = await world.another({ loginUrl });
    await expect(crm.check()).rejects.toMatchObject({ kind: 'refused', message: saying('check SALESFORCE_LOGIN_URL') });
    page.close();
  });
});

describe('the settings of Salesforce', () => {
  let folder: string;
  let mapping: string;
  const common = () => ({ CRM: 'salesforce', CRM_MAPPING: mapping, PORT: 8080 });
  const env = (changes: Record<string, string | undefined> = {}) => ({
    SALESFORCE_CLIENT_ID: CLIENT_ID,
    SALESFORCE_USERNAME: USERNAME,
    SALESFORCE_PRIVATE_KEY: PEM,
    SALESFORCE_WEBHOOK_SECRET: 'a secret of some length',
    SALESFORCE_ORGANIZATION_ID: '00DWx0000000001',
    ...changes,
  });
  const problems = (changes: Record<string, string | undefined> = {}) => readCrm(env(changes), common()).problems;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-salesforce-'));
    mapping = join(folder, 'crm.json');
    writeFileSync(mapping, JSON.stringify(MAPPING));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['PKCS#8', PEM],
    ['PKCS#1', KEYS.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['one line with backslash and n', PEM.replaceAll('\n', '\\n')],
  ])('take a key as %s', (_form, key) => {
    expect(problems({ SALESFORCE_PRIVATE_KEY: key })).toBeUndefined();
  });

  it('take the key from a file', () => {
    const file = join(folder, 'salesforce.key');
    writeFileSync(file, PEM);
    expect(problems({ SALESFORCE_PRIVATE_KEY: undefined, SALESFORCE_PRIVATE_KEY_FILE: file })).toBeUndefined();
  });

  it.each([
    [{ SALESFORCE_CLIENT_ID: undefined }, 'SALESFORCE_CLIENT_ID: is not set, but CRM=salesforce needs it'],
    [{ SALESFORCE_PRIVATE_KEY: 'secret' }, 'SALESFORCE_PRIVATE_KEY: must be a private key in PEM form'],
    [{ SALESFORCE_PRIVATE_KEY: encryptedKey() }, 'SALESFORCE_PRIVATE_KEY: must not be encrypted'],
    [{ SALESFORCE_PRIVATE_KEY: ellipticKey() }, 'SALESFORCE_PRIVATE_KEY: must be an RSA key'],
    [{ SALESFORCE_LOGIN_URL: 'http://login.salesforce.com' }, 'SALESFORCE_LOGIN_URL: must be an https: address'],
    [{ SALESFORCE_LOGIN_URL: 'https://login.salesforce.com/path' }, 'SALESFORCE_LOGIN_URL: must be an https: address'],
    [{ SALESFORCE_LOGIN_URL: 'login.salesforce.com' }, 'SALESFORCE_LOGIN_URL: must be a web address'],
  ])('that are wrong are told: %j', (changes, words) => {
    expect(problems(changes)).toEqual([saying(words)]);
    expect(String(problems(changes))).not.toContain('=secret');
  });

  it('are looked at as a whole, and by nothing but reading', async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    const world = await aWorld();
    const read = readCrm(env({ SALESFORCE_LOGIN_URL: `${world.salesforce.url}/` }), common());
    await expect(read.value?.examine()).resolves.toContain('can be written');
    expect(world.writes()).toEqual([]);
    await world.salesforce.close();
    await expect(read.value?.examine()).rejects.toMatchObject({ kind: 'unavailable' });
    vi.unstubAllEnvs();
  });

  it('of the gateway need no key and no mapping', () => {
    rmSync(mapping);
    const only = {
      SALESFORCE_WEBHOOK_SECRET: 'a secret of some length',
      SALESFORCE_ORGANIZATION_ID: '00DWx0000000001',
    };
    expect(readCrmNotifications(only, common()).value?.name).toBe('salesforce');
    expect(readCrmNotifications({ ...only, SALESFORCE_ORGANIZATION_ID: '001Wx0000000001' }, common()).problems).toEqual(
      [saying('00D')],
    );
    expect(readCrmNotifications({ ...only, SALESFORCE_WEBHOOK_SECRET: 'short' }, common()).problems).toEqual([
      saying('16 characters'),
    ]);
  });

  it.each([
    [{ triggers: undefined }, 'triggers must be stages'],
    [{ triggers: {} }, 'triggers must name at least one stage'],
    [{ withdrawn: ['Contract Requested'] }, 'withdrawn names Contract Requested, which is among triggers too'],
    [{ parties: [{ role: 'Customer' }] }, 'parties.0 must be {"contact"'],
    [{ document: "Name FROM Contact WHERE Name != '" }, 'document must be the API name of a field'],
    [{ prefill: { company: 'Account.' } }, 'prefill.company must be the API name'],
    [{ fields: { version: null } }, 'fields.version must be the API name of a field'],
    [{ fields: { stage: 'StageName' } }, 'fields.stage must not be StageName'],
    [{ fields: { stage: 'A__c', outcome: 'A__c' } }, 'fields has A__c for two things'],
    [{ field: {} }, 'field is not known'],
  ])('tell of a mapping that is wrong: %j', (changes, words) => {
    writeFileSync(mapping, JSON.stringify({ ...MAPPING, ...changes }));
    expect(problems()).toEqual([saying(`: ${words}`)]);
  });

  it('read the mapping of the documentation', () => {
    const page = readFileSync('docs/crm-salesforce.md', 'utf8');
    const [, example = ''] = /```json\n(\{[\s\S]*?\n\})\n```/.exec(page) ?? [];
    expect(mappingSchema.parse(JSON.parse(example)).fields).toMatchObject({ reviewUrl: null });
    const { fields } = mappingSchema.parse(MAPPING);
    for (const name of Object.values(fields)) expect(page).toContain(`| \`${name}\` |`);
  });
});

describe('what Salesforce needs around it', () => {
  it('is told of a package that is not installed', async () => {
    const missing = Object.assign(new Error("Cannot find package 'jsforce'"), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(loadJsforce(() => Promise.reject(missing))).rejects.toMatchObject({
      kind: 'refused',
      message: saying('npm install jsforce'),
    });
    await expect(loadJsforce(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it.each([
    ['https://x.my.salesforce.com', { HTTPS_PROXY: 'http://proxy:1' }, 'http://proxy:1'],
    ['https://x.my.salesforce.com', { HTTP_PROXY: 'http://proxy:1' }, 'http://proxy:1'],
    [
      'https://x.my.salesforce.com',
      { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: 'localhost,.salesforce.com' },
      undefined,
    ],
    [
      'https://x.my.salesforce.com',
      { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: 'notsalesforce.com, force.com' },
      'http://proxy:1',
    ],
    ['https://x.my.salesforce.com', { https_proxy: 'http://proxy:1', no_proxy: '*' }, undefined],
    ['http://127.0.0.1:8080', { HTTP_PROXY: 'http://proxy:1', NO_PROXY: '127.0.0.1:9090' }, 'http://proxy:1'],
    ['http://127.0.0.1:8080', { HTTP_PROXY: 'http://proxy:1', NO_PROXY: '127.0.0.1:8080' }, undefined],
    ['http://127.0.0.1:8080', { HTTPS_PROXY: 'http://proxy:1' }, undefined],
    ['https://x.my.salesforce.com', {}, undefined],
  ])('reaches %s with %j by %s', (address, env, proxy) => {
    expect(proxyFor(address, env)).toBe(proxy);
  });

  it('calls through the proxy of the environment', async () => {
    const met: string[] = [];
    const proxy = createServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      met.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise((listening) => proxy.once('listening', listening));
    const address = proxy.address();
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    vi.stubEnv('NO_PROXY', '');
    const jsforce = await loadJsforce();
    const connection = new jsforce.Connection({ instanceUrl: 'https://x.example', accessToken: 't', version: '62.0' });
    const call = connection.request('/limits', { retry: { maxRetries: 0 }, httpProxy: proxyFor('https://x.example') });
    await expect(call).rejects.toThrow();
    expect(met).toEqual(['x.example:443']);
    vi.unstubAllEnvs();
    proxy.close();
  });

  it.each([
    ['006Wx0000000001', '006Wx0000000001IAA'],
    ['0065g00000ABCde', '0065g00000ABCdeAAH'],
    ['0065g00000ABCdeaah', '0065g00000ABCdeAAH'],
    ['0065g00000ABCdeAAA', undefined],
    ['0065g00000ABCd', undefined],
    ['0015g00000ABCde', undefined],
    ["0065g00000ABC' ", undefined],
  ])('knows the id %s as %s', (text, id) => {
    expect(idOf('opportunity', text)).toBe(id);
  });

  it('knows the longer form of an id that Salesforce gives as an example', () => {
    expect(idOf('organization', '00D000000000062')).toBe('00D000000000062EAA');
  });
});

function encryptedKey(): string {
  return KEYS.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
}

function ellipticKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
