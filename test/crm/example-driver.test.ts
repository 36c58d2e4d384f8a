/** The worked example of docs/adding-a-crm.md: it is what the page shows, and it keeps the contract. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderDriver } from '../../examples/crm-driver/folder.js';
import { readVariables } from '../../src/config/environment.js';
import type { OpenCrm, SettingsReader } from '../../src/crm/driver.js';
import type { CrmRecord } from '../../src/deal/state.js';
import { keepsTheCrmContract } from './contract.js';
import { keepsTheIntakeContract } from './intake-contract.js';

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
  problem?: string;
}

const PARTIES = [{ email: 'ada@customer.example', role: 'Customer' }];

/** As the other programs write it. */
const put = (dealId: string, deal: object) => writeFile(join(folder, `${dealId}.json`), JSON.stringify(deal));

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

  keepsTheIntakeContract(() => ({
    ...open,
    async enter() {
      const dealId = randomUUID();
      await put(dealId, { stage: 'Contract requested', document: { uri: 'file:a.pdf' }, parties: PARTIES });
      return dealId;
    },
    withdraw: (dealId) => put(dealId, { stage: 'Lost', parties: PARTIES }),
    told: async (dealId) => (await kept(dealId))?.problem ?? null,
    unknown: 'never-heard-of',
  }));

  it('is what the page shows', async () => {
    const [, shown] = /```ts\n(\/\*\* `CRM=folder`.*?)```/s.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(shown).toBe(await readFile(SOURCE, 'utf8'));
  });

  it('finds the deals that want a contract, and tells how each stands', async () => {
    await put('ready', { stage: 'Contract requested', parties: PARTIES });
    await put('nobody', { stage: 'Contract requested' });
    await put('talking', { stage: 'Negotiation', parties: PARTIES });
    expect((await open.intake.wanting()).dealIds).toEqual(expect.arrayContaining(['nobody', 'ready']));
    expect(await open.intake.look('nobody')).toMatchObject({ kind: 'unfit' });
    expect(await open.intake.look('talking')).toEqual({ kind: 'other' });
  });

  it('names the setting that is missing', () => {
    expect(folderDriver.configure(reader({}))).toEqual({
      problems: ['CRM_FOLDER: is not set; for example CRM_FOLDER=./deals'],
    });
  });
});
