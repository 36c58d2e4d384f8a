/** The worked example of docs/adding-a-crm.md: it is what the page shows, and it keeps the contract. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderDriver } from '../../examples/crm-driver/folder.js';
import { readVariables } from '../../src/config/environment.js';
import type { OpenCrm, SettingsReader } from '../../src/crm/driver.js';
import type { CrmRecord } from '../../src/deal/state.js';
import { keepsTheCrmContract } from './contract.js';

const PAGE = new URL('../../docs/adding-a-crm.md', import.meta.url);
const SOURCE = new URL('../../examples/crm-driver/folder.ts', import.meta.url);

let folder: string;
let open: OpenCrm;

function reader(env: Record<string, string>): SettingsReader {
  return {
    variables: (shape) => readVariables(env, shape),
    mapping: (schema) => ({
      value: schema.parse({ triggers: { 'Contract requested': 'order-form' }, withdrawn: ['Lost'] }),
    }),
  };
}

interface Kept {
  countersign: Record<string, CrmRecord>;
  notes: Record<string, string>;
  signed: { round: number; sha256: string }[];
}

async function kept(dealId: string): Promise<Kept | undefined> {
  const text = await readFile(join(folder, `${encodeURIComponent(dealId)}.json`), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-example-'));
  const { value, problems } = folderDriver.configure(reader({ CRM_FOLDER: folder }));
  if (!value) throw new Error(problems.join());
  open = await value.open();
});
afterAll(() => rm(folder, { recursive: true }));

describe('the example of a CRM driver', () => {
  keepsTheCrmContract(() => ({
    crm: open.crm,
    stored: async (dealId, round) => (await kept(dealId))?.countersign[round],
    notes: async (dealId, round) =>
      Object.entries((await kept(dealId))?.notes ?? {})
        .filter(([at]) => at.startsWith(`${round}.`))
        .map(([, note]) => note),
    attached: async (dealId, round) =>
      ((await kept(dealId))?.signed ?? []).filter((file) => file.round === round).map(({ sha256 }) => sha256),
  }));

  it('is what the page shows', async () => {
    const [, shown] = /```ts\n(\/\*\* `CRM=folder`.*?)```/s.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(shown).toBe(await readFile(SOURCE, 'utf8'));
  });

  it('finds the deals that want a contract, and tells how each stands', async () => {
    const parties = [{ email: 'ada@customer.example', role: 'Customer' }];
    const put = (dealId: string, deal: object) => writeFile(join(folder, `${dealId}.json`), JSON.stringify(deal));
    await put('ready', { stage: 'Contract requested', parties });
    await put('nobody', { stage: 'Contract requested' });
    await put('lost', { stage: 'Lost', parties });
    await put('talking', { stage: 'Negotiation', parties });
    expect((await open.intake.wanting()).dealIds.sort()).toEqual(['nobody', 'ready']);
    expect(await open.intake.look('ready')).toEqual({
      kind: 'wanted',
      request: { dealId: 'ready', documentType: 'order-form', parties },
      recorded: false,
    });
    expect(await open.intake.look('nobody')).toMatchObject({ kind: 'unfit' });
    expect(await open.intake.look('lost')).toEqual({ kind: 'withdrawn', why: 'moved to Lost' });
    expect(await open.intake.look('talking')).toEqual({ kind: 'other' });
    expect(await open.intake.look('never-heard-of')).toEqual({ kind: 'other' });
  });

  it('names the setting that is missing', () => {
    expect(folderDriver.configure(reader({}))).toEqual({
      problems: ['CRM_FOLDER: is not set; for example CRM_FOLDER=./deals'],
    });
  });
});
