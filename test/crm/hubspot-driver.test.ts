import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readCrm, readCrmNotifications } from '../../src/config/crm.js';
import { CRM_DRIVERS } from '../../src/crm/drivers.js';
import { hubspotMapping } from '../../src/crm/hubspot/mapping.js';
import { aHubSpotAccount, MAPPING, type TestAccount } from './hubspot-account.js';

let folder: string;
let hubspot: TestAccount;

beforeAll(async () => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  folder = await mkdtemp(join(tmpdir(), 'hubspot-'));
  hubspot = await aHubSpotAccount();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hubspot.close();
  await rm(folder, { recursive: true });
});

async function common(mapping: unknown) {
  const path = join(folder, 'crm.json');
  await writeFile(path, JSON.stringify(mapping));
  return { CRM: 'hubspot', CRM_MAPPING: path, PORT: 8080 };
}

const smallest = { triggers: { contractrequested: 'order-form' }, parties: [{ contact: 'Signer', role: 'Customer' }] };

describe('the settings of hubspot', () => {
  it('open a CRM that can be written', async () => {
    const env = { HUBSPOT_ACCESS_TOKEN: hubspot.token, HUBSPOT_API_URL: `${hubspot.url}/` };
    const { value } = readCrm(env, await common(MAPPING));
    expect(await value?.examine()).toContain(hubspot.url);
    const opened = await value?.open();
    const found = await opened?.intake.look(hubspot.aDeal());
    expect(found).toMatchObject({ kind: 'wanted' });
    await opened?.crm.close();
  });

  it('need a token, and the client secret only where notifications come in', async () => {
    const settings = await common(smallest);
    expect(readCrm({}, settings).problems).toEqual([
      'HUBSPOT_ACCESS_TOKEN: is not set, but CRM=hubspot needs it; for example HUBSPOT_ACCESS_TOKEN=pat-eu1-00000000-0000-0000-0000-000000000000',
    ]);
    expect(readCrmNotifications({ HUBSPOT_CLIENT_SECRET: 'a client secret' }, settings).value?.name).toBe('hubspot');
    expect(readCrmNotifications({}, settings).problems).toEqual([
      expect.stringMatching(/^HUBSPOT_CLIENT_SECRET: is not set/),
    ]);
  });

  it('may come from files', async () => {
    const path = join(folder, 'token');
    await writeFile(path, `${hubspot.token}\n`);
    const env = { HUBSPOT_ACCESS_TOKEN_FILE: path, HUBSPOT_API_URL: hubspot.url };
    expect(await readCrm(env, await common(MAPPING)).value?.examine()).toContain('takes the token');
  });

  it.each([
    ['ftp://api.hubapi.com', 'HUBSPOT_API_URL: must be a web address'],
    ['api.hubapi.com', 'HUBSPOT_API_URL: must be a web address'],
  ])('refuse the address %s', async (HUBSPOT_API_URL, said) => {
    const env = { HUBSPOT_ACCESS_TOKEN: hubspot.token, HUBSPOT_API_URL };
    expect(readCrm(env, await common(smallest)).problems).toEqual([expect.stringContaining(said)]);
  });

  it('are those that the driver lists', () => {
    const driver = CRM_DRIVERS.find(({ name }) => name === 'hubspot');
    expect(Object.keys(driver?.variables ?? {})).toEqual([
      'HUBSPOT_ACCESS_TOKEN',
      'HUBSPOT_API_URL',
      'HUBSPOT_CLIENT_SECRET',
    ]);
  });
});

describe('the mapping file', () => {
  it('needs no more than triggers and parties', () => {
    expect(hubspotMapping.parse(smallest)).toMatchObject({
      withdrawn: [],
      folder: '/countersign',
      properties: { version: 'countersign_version', envelopeId: 'countersign_envelope_id' },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no triggers', { triggers: {} }, 'triggers must name at least one deal stage'],
    ['triggers in a list', { triggers: ['contractrequested'] }, 'triggers must be an object'],
    ['no parties', { parties: [] }, 'parties must name at least one party'],
    ['a party of neither kind', { parties: [{ role: 'Customer' }] }, 'parties.0 must be {"contact"'],
    ['a stage that is both', { withdrawn: ['contractrequested'] }, 'withdrawn.0 must not be a trigger too'],
    ['a label for a name', { document: 'Contract URL' }, 'document must be the internal name'],
    ['no version', { properties: { version: null } }, 'properties.version must be the internal name'],
    ['a property for two fields', { properties: { reason: 'x', outcome: 'x' } }, 'must not be the property of'],
    ['the stage of the deal', { properties: { stage: 'dealstage' } }, 'properties.stage must not be dealstage'],
    ['a misspelt key', { trigers: {} }, 'trigers is not known'],
    ['a folder without a beginning', { folder: 'contracts' }, 'folder must be a path'],
  ])('says what is wrong with %s', async (_case, changes, said) => {
    const { problems } = readCrm({ HUBSPOT_ACCESS_TOKEN: hubspot.token }, await common({ ...smallest, ...changes }));
    expect(problems).toEqual([expect.stringContaining(said)]);
    expect(problems?.[0]).toMatch(/^CRM_MAPPING: .*crm\.json: /);
  });

  it('is as the documentation shows it', async () => {
    const page = await readFile(new URL('../../docs/crm-hubspot.md', import.meta.url), 'utf8');
    const [, example] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const read = hubspotMapping.parse(JSON.parse(example ?? ''));
    for (const name of Object.values(read.properties)) expect(page).toContain(`\`${name}\``);
  });
});
