import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wayByEnvironment, type WayOptions } from '../../../src/cli/deals/way.js';
import { UsageError } from '../../../src/cli/program.js';
import { readCliSettings, readPolicies, SettingsError, type Environment } from '../../../src/config.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-way-'));
  await writeFile(join(folder, 'temporal.toml'), '[profile.default]\n');
  await writeFile(join(folder, 'token'), 'token-from-a-file\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** No profile of this machine's user may leak into a test. */
const env = (over: Environment = {}): Environment => ({ TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'), ...over });
const URL = 'https://countersign.example.com';

async function identityBy(over: Environment, options: WayOptions = {}): Promise<string> {
  const { identity, close } = await wayByEnvironment(env(over))(options);
  await close();
  return identity;
}

describe('the way to the deals', () => {
  it('leads through the gateway when one is named', () => {
    expect(readCliSettings(env({ COUNTERSIGN_URL: `${URL}/`, COUNTERSIGN_TOKEN: 'a-token' }))).toEqual({
      ...{ kind: 'gateway', url: URL, token: 'a-token' },
    });
    expect(readCliSettings(env({ COUNTERSIGN_URL: URL }))).toMatchObject({ token: null });
  });

  it('reads the token from a file too', () => {
    const token = { COUNTERSIGN_TOKEN_FILE: join(folder, 'token') };
    expect(readCliSettings(env({ COUNTERSIGN_URL: URL, ...token }))).toMatchObject({ token: 'token-from-a-file' });
  });

  it('leads straight to Temporal otherwise, and needs nothing else', () => {
    expect(readCliSettings(env({ TEMPORAL_ADDRESS: 'temporal:7233', TASK_QUEUE: 'sales' }))).toMatchObject({
      ...{ kind: 'temporal', taskQueue: 'sales', temporal: { connectionOptions: { address: 'temporal:7233' } } },
    });
  });

  it.each([
    [{ COUNTERSIGN_URL: 'gateway' }, /^COUNTERSIGN_URL: must be a web address/],
    [{ COUNTERSIGN_URL: 'https://u:p@gateway.example' }, /^COUNTERSIGN_URL: must hold no user name/],
    [{ COUNTERSIGN_URL: URL, COUNTERSIGN_TOKEN: 'two words' }, /^COUNTERSIGN_TOKEN: must be one bearer token/],
    [{ COUNTERSIGN_TOKEN: 'a-token' }, /^COUNTERSIGN_URL: is not set, but COUNTERSIGN_TOKEN is/],
    [{ TEMPORAL_ADDRESS: 'http://temporal' }, /^TEMPORAL_ADDRESS: must be host:port/],
    [{ PAYLOAD_KEYS: 'k:x' }, /^PAYLOAD_KEYS: entry 1 has no key of exactly 32 bytes/],
  ])('is refused for %j', (over, said) => {
    expect(() => readCliSettings(env(over))).toThrow(SettingsError);
    expect(() => readCliSettings(env(over))).toThrow(said);
    expect(() => readCliSettings(env(over))).not.toThrow(/two words|u:p/);
  });

  it('takes the policies for starting deals straight at Temporal from DOCUMENT_TYPES', async () => {
    const types = join(folder, 'types.json');
    await writeFile(types, '{"order-form": {}}');
    expect([...readPolicies(env({ DOCUMENT_TYPES: types })).keys()]).toEqual(['order-form']);
    const nowhere = env({ DOCUMENT_TYPES: join(folder, 'nowhere.json') });
    await expect(wayByEnvironment(nowhere)({ starting: true })).rejects.toThrow(/^DOCUMENT_TYPES: .*does not exist/);
    const { close } = await wayByEnvironment(nowhere)({});
    await close();
  });

  it('tells places and people apart', async () => {
    const me = userInfo().username;
    expect(await identityBy({})).toMatch(new RegExp(`^temporal .* default ${me}$`));
    expect(await identityBy({}, { as: 'Anna' })).toMatch(/ Anna$/);
    expect(await identityBy({ COUNTERSIGN_URL: URL })).toBe(`gateway ${URL} ${me}`);
    expect(await identityBy({ COUNTERSIGN_URL: URL, COUNTERSIGN_TOKEN: 't' })).toBe(`gateway ${URL} by token`);
    expect(await identityBy({ COUNTERSIGN_URL: URL }, { url: 'http://other.example', as: 'Anna' })).toBe(
      'gateway http://other.example Anna',
    );
  });

  it('refuses a name that the token would overrule', async () => {
    const open = wayByEnvironment(env({ COUNTERSIGN_URL: URL, COUNTERSIGN_TOKEN: 't' }));
    await expect(open({ as: 'the boss' })).rejects.toThrow(UsageError);
  });
});
