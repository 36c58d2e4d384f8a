/** `CRM=folder`: a JSON file a deal, in a folder that other programs write too. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CrmError, type Crm } from '../../src/crm/crm.js';
import type { CrmDriver } from '../../src/crm/driver.js';
import type { CrmIntake } from '../../src/crm/intake.js';

/** 1. What it needs to be told. The name, what is wrong and the example make the line that a bad value is answered with. */
const variables = {
  CRM_FOLDER: z.string().meta({ example: './deals' }),
};

/** 2. How the CRM's own words become a contract: the file that `CRM_MAPPING` names. */
const mapping = z.strictObject({
  triggers: z.record(z.string(), z.string('must be a document type'), 'must be an object of document types by stage'),
  withdrawn: z.array(z.string()).default([]),
});

/** 3. What a record holds. Nothing that comes from outside is believed before it has been read through a schema. */
const record = z.looseObject({ dealId: z.string(), round: z.int(), version: z.int() });
const deal = z.looseObject({
  stage: z.string().optional(),
  document: z.object({ uri: z.string() }).optional(),
  parties: z.array(z.object({ email: z.string(), role: z.string() })).default([]),
  /** By round: what Countersign wrote. */
  countersign: z.record(z.string(), record).default({}),
  notes: z.record(z.string(), z.string()).default({}),
  signed: z.array(z.object({ round: z.int(), sha256: z.string() })).default([]),
  problem: z.string().optional(),
});
type Deal = z.output<typeof deal>;

export const folderDriver: CrmDriver = {
  name: 'folder',
  variables,
  configure(read) {
    const settings = read.variables(variables);
    const rules = read.mapping(mapping);
    if (!settings.value || !rules.value) return { problems: [...(settings.problems ?? []), ...(rules.problems ?? [])] };
    const files = filesIn(settings.value.CRM_FOLDER);
    const { triggers, withdrawn } = rules.value;
    return {
      value: {
        name: 'folder',
        remedy: 'Make the folder that CRM_FOLDER names, and let the worker write there.',
        open: async () => ({ crm: createCrm(files), intake: createIntake(files, triggers, withdrawn) }),
        examine: async () => `${(await files.ids()).length} deals are in ${settings.value.CRM_FOLDER}`,
      },
    };
  },
};

/** 4. What Countersign writes. Each write may come late, twice, or after its worker was killed in the midst of it. */
function createCrm(files: Files): Crm {
  return {
    name: 'folder',
    record: ({ note, ...written }) =>
      files.change(written.dealId, (found) => {
        const { round, version } = written;
        if (note !== undefined) found.notes[`${round}.${version}`] ??= note;
        // The rule that makes late writes harmless: only a higher version counts.
        if (version > (found.countersign[round]?.version ?? 0)) found.countersign[round] = written;
        delete found.problem;
      }),
    withdrawn: async () => null,
    async attach({ dealId, round }, pdf, read) {
      const bytes = await read();
      if (createHash('sha256').update(bytes).digest('hex') !== pdf.sha256)
        throw new CrmError('refused', 'The filed PDF is not the one that was signed: its sha256 differs.');
      // The file first: who finds the entry finds the file. Written again it is the same.
      await files.put(`${pdf.sha256}.pdf`, bytes);
      await files.change(dealId, ({ signed }) => {
        if (!signed.some((file) => file.round === round && file.sha256 === pdf.sha256))
          signed.push({ round, sha256: pdf.sha256 });
      });
    },
    check: async () => void (await files.ids()),
    close: async () => undefined,
  };
}

/** 5. Where deals come from. What a CRM cannot tell is answered as it is: `other` for a deal that nobody knows. */
function createIntake(files: Files, triggers: Record<string, string>, withdrawn: readonly string[]): CrmIntake {
  const isWaiting = ({ stage, countersign }: Deal) => triggers[stage ?? ''] !== undefined && !countersign[1];
  return {
    async look(dealId) {
      const found = await files.read(dealId);
      if (!found) return { kind: 'other' };
      const { stage = '', document, parties, countersign } = found;
      if (withdrawn.includes(stage)) return { kind: 'withdrawn', why: `moved to ${stage}` };
      const documentType = triggers[stage];
      if (documentType === undefined) return { kind: 'other' };
      if (parties.length === 0) return { kind: 'unfit', why: 'Nobody is to sign: add parties.' };
      const request = { dealId, documentType, parties, ...(document && { document }) };
      return { kind: 'wanted', request, recorded: countersign[1] !== undefined };
    },
    async wanting() {
      const deals = await Promise.all((await files.ids()).map(async (id) => ({ id, found: await files.read(id) })));
      return { dealIds: deals.flatMap(({ id, found }) => (found && isWaiting(found) ? [id] : [])), next: null };
    },
    explain: (dealId, why) => files.change(dealId, (found) => void (found.problem = why)),
  };
}

/** 6. The CRM itself, behind as few calls as it takes. Errors say whether a later try may help. */
interface Files {
  ids(): Promise<string[]>;
  read(dealId: string): Promise<Deal | undefined>;
  change(dealId: string, change: (deal: Deal) => void): Promise<void>;
  put(name: string, bytes: Uint8Array): Promise<void>;
}

function filesIn(folder: string): Files {
  let turn: Promise<unknown> = Promise.resolve();
  const pathOf = (dealId: string) => join(folder, `${encodeURIComponent(dealId)}.json`);
  const files: Files = {
    ids: async () =>
      (await attempt(() => readdir(folder)))
        .filter((name) => name.endsWith('.json'))
        .map((name) => decodeURIComponent(name.slice(0, -'.json'.length))),
    async read(dealId) {
      const text = await readFile(pathOf(dealId), 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw new CrmError('unavailable', 'A deal cannot be read.', { cause: error });
      });
      return text === undefined ? undefined : deal.parse(JSON.parse(text));
    },
    change(dealId, change) {
      // One at a time: what was read must still be so when it is written.
      const mine = turn.then(async () => {
        const found = (await files.read(dealId)) ?? deal.parse({});
        change(found);
        await files.put(`${encodeURIComponent(dealId)}.json`, Buffer.from(JSON.stringify(found)));
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    put: (name, bytes) =>
      attempt(async () => {
        const draft = join(folder, `.${randomUUID()}`);
        await writeFile(draft, bytes);
        await rename(draft, join(folder, name));
      }),
  };
  return files;
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CrmError('unavailable', 'CRM_FOLDER cannot be read or written.', { cause: error });
  }
}
