import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readGatewaySettings, readSetupSettings, readWorkerSettings } from '../../src/config.js';
import { COMPOSE, EXAMPLE_ENV, readCompose, readEnvFile, ROOT, variablesOf } from './compose-file.js';
import { problemsOf, RULES } from './compose-rules.js';
import { environmentOf, isOurs, mountsOf } from './processes.js';

const example = readEnvFile(EXAMPLE_ENV);
const compose = readCompose(COMPOSE, example.set);

function service(name: string) {
  const found = compose.services[name];
  if (!found) throw new Error(`there is no service ${name}`);
  return found;
}

describe('docker-compose.yml', () => {
  it('has all that a deal needs, and the sandbox in the demo only', () => {
    const always = Object.entries(compose.services).filter(([, { profiles }]) => profiles.length === 0);
    expect(always.map(([name]) => name).sort()).toEqual(
      ['gateway', 'postgres', 'setup', 'temporal', 'temporal-schema', 'temporal-ui', 'worker'].sort(),
    );
    expect(service('sandbox').profiles).toEqual(['demo']);
  });

  it.each(Object.entries(RULES))('%s', (_sentence, rule) => {
    expect(problemsOf(compose, [rule])).toEqual([]);
  });

  it('runs the schema tools of the very version of the Temporal server', () => {
    const version = (name: string): string | undefined => service(name).image.split(':')[1];
    expect(version('temporal-schema')).toBe(version('temporal'));
  });

  it('builds every process into one image, of the version in package.json', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    const ours = Object.values(compose.services).filter(isOurs);
    expect(new Set(ours.map(({ image }) => image))).toEqual(new Set([`countersign:${version}`]));
  });

  it('keeps PostgreSQL on a network without a way out', () => {
    expect(service('postgres').networks).toEqual(['database']);
    expect(service('postgres').ports).toEqual([]);
    expect(compose.networks.database).toEqual({ internal: true });
    expect(service('gateway').networks).not.toContain('database');
  });
});

describe('the demo of .env.example', () => {
  const worker = readWorkerSettings(environmentOf(service('worker')));
  const gateway = readGatewaySettings(environmentOf(service('gateway')));
  const setup = readSetupSettings(environmentOf(service('setup')));

  it('lets worker, gateway and set-up meet', () => {
    expect(gateway.taskQueue).toBe(worker.taskQueue);
    expect(gateway.temporal).toEqual(worker.temporal);
    expect(setup.temporal).toEqual(worker.temporal);
    for (const name of ['CRM', 'DATABASE_URL', 'CRM_MAPPING'])
      expect(service('setup').environment[name]).toBe(service('worker').environment[name]);
    expect(worker.temporal.connectionOptions.address).toBe('temporal:7233');
  });

  it('points the worker at the sandbox, and the sandbox back at the gateway', () => {
    expect(worker.atlas.baseUrl).toBe('http://sandbox:8090');
    expect(worker.publicUrl).toBe('http://gateway:8080');
    expect(gateway.atlasKeys).toContain(worker.atlas.apiKey);
    expect(service('sandbox').environment.SANDBOX_API_KEYS).toBe(worker.atlas.apiKey);
    expect(service('sandbox').environment.SANDBOX_PUBLIC_URL).toBe('http://localhost:8090');
  });

  it('gives Countersign a database and a user of its own', () => {
    expect([worker.crm.name, service('worker').environment.DATABASE_URL]).toEqual([
      'postgres',
      'postgresql://countersign:demo-countersign@postgres:5432/countersign',
    ]);
    expect(service('temporal').environment.POSTGRES_USER).toBe('temporal');
    expect(service('temporal-schema').environment.SQL_USER).toBe('temporal');
    expect(service('temporal-schema').environment.SQL_PASSWORD).toBe(service('temporal').environment.POSTGRES_PWD);
  });

  it('starts its first deal from a contract that is there, with a token that counts', () => {
    const contracts = mountsOf(service('worker')).find(({ target }) => target === '/contracts');
    const [, file = ''] = /"file:([^"]+)"/.exec(EXAMPLE_ENV) ?? [];
    const [, bearer] = /Bearer ([^']+)'/.exec(EXAMPLE_ENV) ?? [];
    const [, documentType = ''] = /"documentType": "([^"]+)"/.exec(EXAMPLE_ENV) ?? [];
    expect(service('worker').environment.DOCUMENT_ROOT).toBe('/contracts');
    expect(contracts?.writable).toBe(false);
    expect(file).not.toBe('');
    expect(existsSync(join(ROOT, contracts?.source ?? '', file))).toBe(true);
    expect(gateway.tokens?.find(({ token }) => token === bearer)?.role).toBe('crm');
    expect(gateway.policies.has(documentType)).toBe(true);
  });

  it('explains every variable of docker-compose.yml, and no other', () => {
    expect([...Object.keys(example.set), ...example.optional].sort()).toEqual(variablesOf(COMPOSE));
  });

  it('has a value for all that has no safe default, and nothing runs without it', () => {
    for (const name of Object.keys(example.set).filter((name) => name !== 'ATLAS_BASE_URL')) {
      expect(() => readCompose(COMPOSE, { ...example.set, [name]: '' })).toThrow(`${name} is required`);
    }
  });

  it('leads to the real Atlas when no address of Atlas is given', () => {
    const real = { ...example.set, ATLAS_BASE_URL: '', PUBLIC_URL: 'https://countersign.example.com' };
    const worker = readCompose(COMPOSE, real).services.worker;
    expect(worker && readWorkerSettings(environmentOf(worker))).toMatchObject({
      atlas: { baseUrl: 'https://atlaswork.ai' },
      publicUrl: 'https://countersign.example.com',
    });
  });
});
