import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readGatewaySettings,
  readSetupSettings,
  readWorkerSettings,
  SettingsError,
  type Environment,
} from '../../src/config.js';

const TYPES = resolve('document-types.json');
/** No profile of this machine's user may leak into a test. */
const env = (over: Environment = {}): Environment => ({
  TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'),
  ATLAS_API_KEY: 'atlas-key',
  DOCUMENT_TYPES: TYPES,
  ...over,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-settings-'));
  await writeFile(
    join(folder, 'temporal.toml'),
    '[profile.default]\n[profile.cloud]\naddress = "cloud.example:7233"\nnamespace = "deals"\n',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function problemsOf(read: (env: Environment) => unknown, variables: Environment): readonly string[] {
  try {
    read(variables);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('the worker settings', () => {
  it('have the documented defaults', () => {
    expect(readWorkerSettings(env())).toMatchObject({
      temporal: { namespace: 'default' },
      taskQueue: 'countersign',
      atlas: { baseUrl: 'https://atlaswork.ai', apiKey: 'atlas-key' },
      publicUrl: 'http://localhost:8080',
      documents: {
        store: { kind: 'file', folder: resolve('data/documents') },
        s3: { endpoint: null },
        root: resolve('data'),
        allowPrivateHosts: false,
      },
      crm: { name: 'postgres' },
      creditBudget: null,
      metricsHost: '127.0.0.1',
      metricsPort: 9464,
      maxCachedWorkflows: 700,
    });
  });

  it('may limit how many deals a worker keeps in memory', () => {
    const { maxCachedWorkflows } = readWorkerSettings(env({ WORKER_MAX_CACHED_WORKFLOWS: '400' }));
    expect(maxCachedWorkflows).toBe(400);
  });

  it.each(['0', '-1', '1.5', 'all', '100000'])('refuse WORKER_MAX_CACHED_WORKFLOWS=%s', (many) => {
    expect(problemsOf(readWorkerSettings, env({ WORKER_MAX_CACHED_WORKFLOWS: many }))).toEqual([
      expect.stringMatching(
        /^WORKER_MAX_CACHED_WORKFLOWS: must be a whole number .* for example WORKER_MAX_CACHED_WORKFLOWS=700$/,
      ),
    ]);
  });

  it('may limit how many envelopes are sent a day', () => {
    expect(readWorkerSettings(env({ CREDIT_BUDGET: '50' })).creditBudget).toBe(50);
  });

  it.each(['0', '-1', '1.5', '1e3', 'many', '50 credits'])('refuse CREDIT_BUDGET=%s', (budget) => {
    expect(problemsOf(readWorkerSettings, env({ CREDIT_BUDGET: budget }))).toEqual([
      expect.stringMatching(/^CREDIT_BUDGET: must be a whole number .* for example CREDIT_BUDGET=50$/),
    ]);
  });

  it('let Atlas call back where the gateway is reached', () => {
    expect(readWorkerSettings(env({ PORT: '9000' })).publicUrl).toBe('http://localhost:9000');
    expect(readWorkerSettings(env({ PUBLIC_URL: 'https://deals.example.com/' })).publicUrl).toBe(
      'https://deals.example.com',
    );
  });

  it('take an empty variable for one that is not set', () => {
    expect(readWorkerSettings(env({ TASK_QUEUE: '', METRICS_PORT: ' ' }))).toMatchObject({
      taskQueue: 'countersign',
      metricsPort: 9464,
    });
  });

  it('read the store from relative and absolute file addresses', () => {
    const storeOf = (uri: string) => readWorkerSettings(env({ DOCUMENT_STORE: uri })).documents.store;
    expect(storeOf('file:./filed')).toEqual({ kind: 'file', folder: resolve('filed') });
    expect(storeOf('file:/srv/filed')).toEqual({ kind: 'file', folder: '/srv/filed' });
    expect(storeOf('file:///srv/filed')).toEqual({ kind: 'file', folder: '/srv/filed' });
  });

  it('read the bucket and the prefix of an S3 store', () => {
    const storeOf = (uri: string) => readWorkerSettings(env({ DOCUMENT_STORE: uri })).documents.store;
    expect(storeOf('s3://contracts/signed/2026/')).toEqual({ kind: 's3', bucket: 'contracts', prefix: 'signed/2026' });
    expect(storeOf('s3://contracts')).toEqual({ kind: 's3', bucket: 'contracts', prefix: '' });
  });

  it.each(['file:', './data', 'https://example.com', 's3:contracts', 's3://'])('refuse %j as a store', (uri) => {
    expect(problemsOf(readWorkerSettings, env({ DOCUMENT_STORE: uri }))).toEqual([
      expect.stringMatching(/^DOCUMENT_STORE: must be file: with a folder, or s3: with a bucket/),
    ]);
  });

  it('need an API key', () => {
    expect(problemsOf(readWorkerSettings, env({ ATLAS_API_KEY: undefined }))).toEqual([
      expect.stringMatching(/^ATLAS_API_KEY: is not set; for example ATLAS_API_KEY=/),
    ]);
  });

  it('tell every wrong variable in a line of its own, with an example', () => {
    const problems = problemsOf(
      readWorkerSettings,
      env({
        PORT: '99999',
        METRICS_PORT: 'metrics',
        PUBLIC_URL: 'ftp://deals.example.com',
        DOCUMENT_STORE: 'https://example.com/documents',
        ALLOW_PRIVATE_DOCUMENT_HOSTS: 'yes',
        REDACT_PII: 'false',
        TEMPORAL_ADDRESS: 'http://localhost:7233',
      }),
    );
    expect(problems).toHaveLength(7);
    expect(problems.filter((line) => line.includes('; for example ') && !line.includes('\n'))).toHaveLength(7);
    expect(problems).toContainEqual(expect.stringMatching(/^PORT: must be a port number .* PORT=8080$/));
    expect(problems).toContainEqual(expect.stringMatching(/^DOCUMENT_STORE: must be file: with a folder/));
    expect(problems).toContainEqual(expect.stringMatching(/^TEMPORAL_ADDRESS: must be host:port/));
  });

  it('name the CRMs there are when asked for another', () => {
    expect(problemsOf(readWorkerSettings, env({ CRM: 'pipes' }))).toEqual([
      expect.stringMatching(/^CRM: must be one of postgres, http.*; for example CRM=postgres$/),
    ]);
  });

  it('need the address and the secret of an http CRM', () => {
    expect(problemsOf(readWorkerSettings, env({ CRM: 'http' }))).toEqual([
      expect.stringMatching(/^CRM_URL: is not set, but CRM=http needs it/),
      expect.stringMatching(/^CRM_SECRET: is not set, but CRM=http needs it/),
    ]);
    const crm = { CRM: 'http', CRM_URL: 'https://crm.example.com/', CRM_SECRET: 'a-secret-of-the-crm' };
    expect(readWorkerSettings(env(crm)).crm.name).toBe('http');
  });

  it('take the keys of payloads in their order, and never show one', () => {
    const [one, two] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));
    const { temporal } = readWorkerSettings(env({ PAYLOAD_KEYS: `new:${one}, old:${two}` }));
    expect(temporal.payloadKeys?.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(temporal.payloadKeys?.[1]?.secret.export()).toEqual(Buffer.alloc(32, 2));
    expect(`${inspect(temporal, { depth: 9 })} ${JSON.stringify(temporal)}`).not.toContain(one);
    expect(readWorkerSettings(env()).temporal.payloadKeys).toEqual([]);
  });

  const KEY = Buffer.alloc(32, 7).toString('base64');
  it.each([
    ['secret-without-an-id', /entry 1 is not of the form keyId:base64/],
    [`a:${KEY},`, /entry 2 is not of the form/],
    [`a b:${KEY}`, /entry 1 has no key id/],
    [`:${KEY}`, /entry 1 has no key id/],
    [`a:${KEY},b:${Buffer.alloc(31, 8).toString('base64')}`, /entry 2 has no key of exactly 32 bytes/],
    [`a:${KEY.slice(0, -1)}`, /exactly 32 bytes/],
    [`a:${Buffer.alloc(32, 7).toString('hex')}`, /exactly 32 bytes/],
    // The last character has bits that no byte takes up.
    [`a:${KEY.slice(0, -2)}d=`, /exactly 32 bytes/],
    [`a:${KEY},a:${Buffer.alloc(32, 8).toString('base64')}`, /entry 2 repeats the key id/],
    [`a:${KEY},b:${KEY}`, /entry 2 repeats the key of another entry/],
  ])('refuse the keys %s', (value, said) => {
    for (const read of [readWorkerSettings, readGatewaySettings, readSetupSettings]) {
      const [problem, ...more] = problemsOf(read, env({ PAYLOAD_KEYS: value }));
      expect(more).toEqual([]);
      expect(problem).toMatch(/^PAYLOAD_KEYS: .*; for example PAYLOAD_KEYS=/);
      expect(problem).toMatch(said);
      expect(problem).not.toContain(KEY.slice(0, 20));
      expect(problem).not.toContain('secret-without-an-id');
    }
  });

  it.each(['temporal.example.com', 'https://temporal.example.com/ui', '*', 'https://a:b@c.example', 'HTTP://Temporal'])(
    'refuse %s as the origin of the UI',
    (origin) => {
      expect(problemsOf(readGatewaySettings, env({ CODEC_CORS_ORIGIN: origin }))).toEqual([
        expect.stringMatching(/^CODEC_CORS_ORIGIN: must .*; for example/),
      ]);
    },
  );
});

describe('secrets', () => {
  it('are read from the file that NAME_FILE names, without its last line break', async () => {
    const path = join(folder, 'api-key');
    await writeFile(path, 'key-from-file\n');
    const settings = readWorkerSettings(env({ ATLAS_API_KEY: undefined, ATLAS_API_KEY_FILE: path }));
    expect(settings.atlas.apiKey).toBe('key-from-file');
  });

  it('are not read from a file that is empty, missing or beside the variable itself', async () => {
    const path = join(folder, 'empty');
    await writeFile(path, '\n');
    const withFile = (file: string, key?: string) =>
      problemsOf(readWorkerSettings, env({ ATLAS_API_KEY: key, ATLAS_API_KEY_FILE: file }));
    expect(withFile(path)).toEqual([expect.stringContaining('ATLAS_API_KEY_FILE: ')]);
    expect(withFile(join(folder, 'nowhere'))).toEqual([expect.stringContaining('cannot be read (ENOENT)')]);
    expect(withFile(path, 'atlas-key')).toEqual([expect.stringContaining('set only one of them')]);
  });

  it('never show in a problem', () => {
    const problems = problemsOf(
      readGatewaySettings,
      env({ ATLAS_API_KEY: 'key with-spaces', GATEWAY_TOKENS: 'boss:anna:token-of-anna-1234' }),
    ).join();
    expect(problems).not.toMatch(/with-spaces|token-of-anna/);
    expect(problemsOf(readSetupSettings, env({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).join()).not.toMatch(
      /hunter2/,
    );
  });
});

describe('the gateway settings', () => {
  const token = 'a-token-of-16-chars-or-more';

  it('read the tokens of the people and programs that may call', () => {
    const { tokens } = readGatewaySettings(
      env({
        HOST: '0.0.0.0',
        NODE_ENV: 'production',
        GATEWAY_TOKENS: `crm:shop:${token}1, operator:Anna B.:${token}2`,
      }),
    );
    expect(tokens).toEqual([
      { role: 'crm', name: 'shop', token: `${token}1` },
      { role: 'operator', name: 'Anna B.', token: `${token}2` },
    ]);
  });

  it('do without tokens on loopback in development only', () => {
    expect(readGatewaySettings(env()).tokens).toBeNull();
    expect(readGatewaySettings(env({ HOST: '::1' })).tokens).toBeNull();
    expect(problemsOf(readGatewaySettings, env({ HOST: '0.0.0.0' }))).toEqual([
      expect.stringMatching(/^GATEWAY_TOKENS: is not set, but others reach HOST=0\.0\.0\.0/),
    ]);
    expect(problemsOf(readGatewaySettings, env({ NODE_ENV: 'production' }))).toEqual([
      expect.stringMatching(/^GATEWAY_TOKENS: is not set, but NODE_ENV=production needs it/),
    ]);
  });

  it.each([
    ['one word', 'justatoken', /entry 1 is not of the form role:name:token/],
    ['an unknown role', `crm:shop:${token},boss:anna:${token}2`, /entry 2 has none of the roles/],
    ['no name', `crm::${token}`, /entry 1 has no name/],
    ['a short token', 'crm:shop:short', /entry 1 has no token of at least 16/],
    ['the same token twice', `crm:shop:${token},viewer:anna:${token}`, /entry 2 repeats the token/],
  ])('refuse a token list with %s', (_what, list, problem) => {
    expect(problemsOf(readGatewaySettings, env({ GATEWAY_TOKENS: list }))).toEqual([expect.stringMatching(problem)]);
  });

  it('lead to the same Atlas as those of the worker', () => {
    const variables = env({ ATLAS_BASE_URL: 'http://localhost:8090/' });
    expect(readGatewaySettings(variables).atlas).toEqual({ baseUrl: 'http://localhost:8090', apiKey: 'atlas-key' });
    expect(readGatewaySettings(env()).atlas).toEqual(readWorkerSettings(env()).atlas);
  });

  it('keep previous API keys for signatures, after the present one', () => {
    expect(readGatewaySettings(env({ ATLAS_PREVIOUS_API_KEYS: 'old-1, old-2' })).atlasKeys).toEqual([
      'atlas-key',
      'old-1',
      'old-2',
    ]);
    expect(problemsOf(readGatewaySettings, env({ ATLAS_PREVIOUS_API_KEYS: 'old-1,' }))).toHaveLength(1);
  });

  it.each([
    ['15 minutes', 900_000],
    ['90s', 90_000],
    ['1 day', 86_400_000],
  ])('read READ_BACK_FIRST=%s into the policy of every document type', (text, milliseconds) => {
    const { policies } = readGatewaySettings(env({ READ_BACK_FIRST: text }));
    expect([...policies.values()].map((policy) => policy.readBackFirstMs)).toEqual([milliseconds, milliseconds]);
  });

  it.each(['15', '0 minutes', '-5 minutes', 'soon', '15 parsecs', '2 days'])('refuse READ_BACK_FIRST=%s', (text) => {
    expect(problemsOf(readGatewaySettings, env({ READ_BACK_FIRST: text }))).toEqual([
      expect.stringMatching(/^READ_BACK_FIRST: must be a duration .* for example READ_BACK_FIRST=15 minutes$/),
    ]);
  });
});

describe("Temporal's own variables", () => {
  it('give address and namespace, from the environment or a profile', () => {
    expect(
      readSetupSettings(env({ TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'sales' })).temporal,
    ).toMatchObject({ connectionOptions: { address: 'temporal:7233' }, namespace: 'sales' });
    expect(readSetupSettings(env({ TEMPORAL_PROFILE: 'cloud' })).temporal).toMatchObject({
      connectionOptions: { address: 'cloud.example:7233' },
      namespace: 'deals',
    });
  });

  it('take the API key from a file too, and then speak TLS', async () => {
    const path = join(folder, 'temporal-key');
    await writeFile(path, 'key-of-temporal\n');
    expect(readSetupSettings(env({ TEMPORAL_API_KEY_FILE: path })).temporal.connectionOptions).toMatchObject({
      apiKey: 'key-of-temporal',
      tls: true,
    });
  });

  it('stop the process with one line when a profile is missing', () => {
    const problems = problemsOf(readSetupSettings, env({ TEMPORAL_PROFILE: 'nowhere' }));
    expect(problems).toEqual([expect.stringMatching(/^TEMPORAL_\w+: Temporal's settings cannot be read/)]);
    expect(problems[0]).not.toContain('\n');
  });
});
