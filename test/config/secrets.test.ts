import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DOCUSIGN_VARIABLES } from '../../src/config/docusign.js';
import { isSecret, readVariable, readVariables } from '../../src/config/environment.js';
import { VARIABLES } from '../../src/config/variables.js';
import { CRM_DRIVERS } from '../../src/crm/drivers.js';

const ALL: [string, z.ZodType | undefined][] = [
  ...Object.entries<z.ZodType>(VARIABLES),
  ...Object.entries<z.ZodType>(DOCUSIGN_VARIABLES),
  ...CRM_DRIVERS.flatMap(({ variables }) => Object.entries<z.ZodType>(variables)),
  // Of Temporal's own variables.
  ['TEMPORAL_API_KEY', undefined],
];
const SECRETS = ALL.filter(([name, schema]) => isSecret(name, schema)).map(([name]) => name);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-secrets-'));
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'empty'), ' \n');
  await writeFile(join(folder, 'secret'), 'the-secret\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a secret', () => {
  it('is every variable that sounds like one', () => {
    const telling = ALL.map(([name]) => name).filter((name) =>
      /(KEYS?|SECRET|TOKENS?|PASSWORD|DATABASE_URL)$/.test(name),
    );
    // The integration key is an id: it shows in every consent link.
    expect(telling.filter((name) => !SECRETS.includes(name))).toEqual(['DOCUSIGN_INTEGRATION_KEY']);
    expect(SECRETS.length).toBeGreaterThan(10);
  });

  it.each(SECRETS)('may come from a file: %s', (name) => {
    const read = (file: string, over = {}) =>
      readVariable({ [`${name}_FILE`]: join(folder, file), ...over }, name, true);
    expect(read('secret')).toEqual({ value: 'the-secret' });
    expect(read('secret', { [name]: 'too' }).problem).toBe(
      `${name}: is set, and so is ${name}_FILE; set only one of them`,
    );
    expect(read('empty').problem).toMatch(/is empty; for example \w+_FILE=\/run\/secrets\/\w+$/);
    expect(read('none').problem).toContain('cannot be read (ENOENT): it is not there');
    expect(read('folder').problem).toContain('cannot be read (EISDIR): it is a folder');
    const [, schema] = ALL.find(([known]) => known === name) ?? [];
    if (!schema) return;
    // By the way that every process reads it, and never shown when it cannot be used.
    const { value, problems = [] } = readVariables({ [`${name}_FILE`]: join(folder, 'secret') }, { [name]: schema });
    expect(value !== undefined || problems[0]?.startsWith(`${name}: `)).toBe(true);
    expect(problems.join()).not.toContain('the-secret');
  });

  it('in a file of somebody else is asked for in plain words', async () => {
    const path = join(folder, 'of-somebody-else');
    await writeFile(path, 'the-secret');
    await chmod(path, 0o000);
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      expect(readVariable({ ATLAS_API_KEY_FILE: join(folder, 'of-somebody-else') }, 'ATLAS_API_KEY').problem).toContain(
        'cannot be read (EACCES): this process’s user may not',
      );
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  it('is the only kind of variable that is read from a file', () => {
    const plain = ALL.filter(([name, schema]) => !isSecret(name, schema)).map(([name]) => name);
    for (const name of plain)
      expect(readVariable({ [`${name}_FILE`]: join(folder, 'secret') }, name)).toEqual({ value: undefined });
  });
});

describe('the proxies in front', () => {
  const read = (text: string) => readVariables({ TRUST_PROXY: text }, { TRUST_PROXY: VARIABLES.TRUST_PROXY });

  it('are named by address, by network, or by what a network is for', () => {
    expect(read('10.0.0.7, 192.168.0.0/16,loopback,fd00::/8').value).toEqual({
      TRUST_PROXY: ['10.0.0.7', '192.168.0.0/16', 'loopback', 'fd00::/8'],
    });
    expect(read('').value).toEqual({ TRUST_PROXY: [] });
  });

  it.each(['true', '*', '1', 'proxy.example.com', '10.0.0.0/0', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.7,,'])(
    'are not all the world: %s',
    (text) => {
      expect(read(text).problems).toEqual([expect.stringMatching(/^TRUST_PROXY: must be a list of addresses/)]);
    },
  );
});
