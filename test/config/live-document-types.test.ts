import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGatewaySettings, readWorkerSettings } from '../../src/config.js';
import { liveDocumentTypes, type LiveOptions } from '../../src/config/live-document-types.js';
import type { Policy } from '../../src/deal/policy.js';
import { createDesk } from '../../src/gateway/desk.js';
import { paperDeals } from '../gateway/a-gateway.js';

let home: string;
let path: string;
let clock: number;
let infos: string[];
let warnings: string[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-types-'));
  path = join(home, 'document-types.json');
  clock = 0;
  infos = [];
  warnings = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

const log = { info: (line: string) => void infos.push(line), warn: (line: string) => void warnings.push(line) };
const write = (types: unknown) => writeFile(path, typeof types === 'string' ? types : JSON.stringify(types));
const replace = async (types: unknown) => {
  await writeFile(`${path}.new`, JSON.stringify(types));
  await rename(`${path}.new`, path);
};
const shares = (atlas: number) => ({ provider: { atlas, docusign: 100 - atlas } });

async function live(types: unknown, options: Partial<LiveOptions> = {}): Promise<ReadonlyMap<string, Policy>> {
  await write(types);
  const { value } = liveDocumentTypes(path, 1000, { log, now: () => clock, ...options });
  if (!value) throw new Error('it cannot be read');
  return value;
}
const atlasShare = (policies: ReadonlyMap<string, Policy>) => policies.get('nda')?.dual?.shares.atlas;

describe('document types that are being used', () => {
  it('follow a file that is written anew or put in its place, a second after the last look', async () => {
    const policies = await live({ nda: shares(10) });
    await write({ nda: shares(20) });
    expect(atlasShare(policies)).toBe(10);
    clock += 1000;
    expect(atlasShare(policies)).toBe(20);
    await replace({ nda: shares(30), 'order-form': {} });
    clock += 1000;
    expect(atlasShare(policies)).toBe(30);
    expect([...policies.keys()]).toEqual(['nda', 'order-form']);
    expect([...policies].length).toBe(policies.size);
    expect(infos).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('follow a change that left time and size as they were', async () => {
    const policies = await live({ nda: shares(10) });
    const at = new Date(Date.now() - 3_600_000);
    await utimes(path, at, at);
    clock += 1000;
    expect(atlasShare(policies)).toBe(10);
    await replace({ nda: shares(11) });
    await utimes(path, at, at);
    clock += 1000;
    expect(atlasShare(policies)).toBe(11);
  });

  it.each([
    ['is half written', () => write('{"nda": {'), /no valid JSON/],
    ['is gone', () => rm(path), /does not exist/],
    ['has a wrong share', () => write({ nda: { provider: { atlas: 90, docusign: 90 } } }), /make 100 together/],
    ['names no type', () => write({}), /names no document type/],
  ])(
    'stay as they were when the file %s, which is told once, and follow it again after that',
    async (_what, spoil, words) => {
      const policies = await live({ nda: shares(10) });
      await spoil();
      for (let second = 0; second < 5; second += 1) {
        clock += 1000;
        expect(atlasShare(policies)).toBe(10);
      }
      expect(warnings).toEqual([expect.stringMatching(words)]);
      await write({ nda: shares(40) });
      clock += 1000;
      expect(atlasShare(policies)).toBe(40);
      expect(warnings).toHaveLength(1);
    },
  );

  it('stay as they were when a type goes to a provider that has no account', async () => {
    const policies = await live(
      { nda: {} },
      { problemsOf: (next) => (next.get('nda')?.dual ? ['DOCUSIGN_INTEGRATION_KEY: is not set'] : []) },
    );
    await write({ nda: shares(50) });
    clock += 1000;
    expect(policies.get('nda')).toMatchObject({ provider: 'atlas' });
    expect(policies.get('nda')?.dual).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('DOCUSIGN_INTEGRATION_KEY')]);
  });

  it('are told as problems when they are wrong from the first', () => {
    expect(liveDocumentTypes(path, 1000, { log })).toEqual({ problems: [expect.stringMatching(/does not exist/)] });
  });

  it('count for the next deal at the door, and no deal has its policy changed', async () => {
    const policies = await live({ nda: {} });
    const deals = paperDeals();
    const desk = createDesk({ deals, signing: {}, policies }, { role: 'operator', name: 'olaf', named: false });
    const parties = [{ email: 'ada@customer.example', role: 'Customer', order: 1 }];
    const start = (dealId: string) =>
      desk.start({ dealId, documentType: 'nda', document: { uri: 'file:documents/nda.pdf' }, parties });
    await start('one');
    await write({ nda: { provider: 'docusign' } });
    clock += 1000;
    await start('two');
    expect(deals.started.map(({ policy }) => policy.provider)).toEqual(['atlas', 'docusign']);
  });
});

it('gateway and worker read them so, and take up no type that goes by an account they have not', async () => {
  await write({ nda: {} });
  const env = { DOCUMENT_TYPES: path, ATLAS_API_KEY: 'atlas-key', DATABASE_URL: 'postgresql://localhost/x' };
  const [gateway, worker] = [readGatewaySettings(env, log), readWorkerSettings(env, log)];
  await write({ nda: { reviewSla: '1 day' } });
  const slaOf = ({ policies }: { policies: ReadonlyMap<string, Policy> }) => policies.get('nda')?.reviewSlaMs;
  await expect.poll(() => [slaOf(gateway), slaOf(worker)], { timeout: 5_000 }).toEqual([86_400_000, 86_400_000]);
  await write({ nda: { provider: 'docusign' } });
  await expect.poll(() => [slaOf(gateway), warnings.length], { timeout: 5_000 }).toEqual([86_400_000, 1]);
});
