import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isDealId } from '../../deal/ids.js';
import { readEvidenceSettings, type Environment } from '../../config.js';
import { openDocumentStore } from '../../documents/store.js';
import { createDesk } from '../../gateway/desk.js';
import { latestRound, lookUpRound } from '../../gateway/rounds.js';
import { createTemporalDeals } from '../../gateway/temporal-deals.js';
import { openTemporal, type TemporalClient } from '../../temporal/connection.js';
import { roundOption } from '../deals/command.js';
import { addCommand, answer, UsageError } from '../program.js';
import type { Terminal } from '../terminal.js';
import { NO_PROVIDER } from '../without-gateway.js';
import { exportEvidence, type Exported, type Facts } from './export.js';
import { entriesOfHistory } from './history.js';
import { verifyEvidence, type Verified } from './verify.js';

interface ExportOptions {
  json?: true;
  out?: string;
  round?: number;
}

/** `countersign evidence ID` and `countersign evidence verify DIR`. */
export function addEvidenceCommands(program: Command, env: Environment, terminal: Terminal): void {
  const evidence = addCommand(program, 'evidence', 'write what happened to a deal into one folder that proves itself')
    .argument('<deal>', 'the deal’s id')
    .option('--out <folder>', 'a new folder (default: evidence-<deal>)')
    .addOption(roundOption())
    .action((dealId: string, options: ExportOptions) =>
      answer(options, () => exported(env, dealId, options), terminal),
    );
  addCommand(evidence, 'verify', 'check a folder of evidence, offline, and name the first broken link')
    .argument('<folder>')
    .option('--head <hash>', 'the hash that was noted down when the folder was written')
    .action((folder: string, options: { json?: true; head?: string }) =>
      answer(
        options,
        async () => {
          const verified = await verifyEvidence(resolve(folder), options.head);
          return { ok: verified.ok, json: verified, text: tellVerified(verified) };
        },
        terminal,
      ),
    );
}

async function exported(env: Environment, dealId: string, { out, round }: ExportOptions) {
  if (!isDealId(dealId)) throw new UsageError(`${dealId} can be no deal's id`);
  const settings = readEvidenceSettings(env);
  const temporal = openTemporal(settings.temporal);
  try {
    const facts = await factsOf(temporal, settings, dealId, round);
    const folder = resolve(out ?? `evidence-${dealId.replaceAll(':', '_')}${round === undefined ? '' : `-${round}`}`);
    const result = await exportEvidence(facts, folder);
    return { ok: true, json: { ok: true, ...result }, text: tellExported(result) };
  } finally {
    await temporal.connection.close();
  }
}

function tellExported({ folder, entries, head, files, missing }: Exported): string {
  const lines = [
    `${entries} entries and ${files.length === 0 ? 'no files' : files.join(', ')} in ${folder}`,
    ...missing.map((what) => `Not in it: ${what}.`),
    `The chain ends with ${head}`,
    'Keep that hash elsewhere: with it, countersign evidence verify shows that nothing is missing at the end. The folder holds personal data.',
  ];
  return `${lines.join('\n')}\n`;
}

function tellVerified(verified: Verified): string {
  if (!verified.ok) {
    const where = verified.line === null ? '' : `line ${verified.line} of evidence.jsonl: `;
    return `Broken: ${where}${verified.broken}.\n`;
  }
  const files = verified.files.length === 0 ? 'no files' : verified.files.join(', ');
  return `${verified.entries} entries and ${files} are as they were written.\nThe chain ends with ${verified.head}\n`;
}

async function factsOf(
  opened: TemporalClient,
  { temporal, taskQueue, store, s3 }: ReturnType<typeof readEvidenceSettings>,
  dealId: string,
  wanted: number | undefined,
): Promise<Facts> {
  const { client } = opened;
  const { namespace } = temporal;
  const deals = createTemporalDeals(opened, { namespace, taskQueue });
  const desk = createDesk(
    { deals, signing: NO_PROVIDER, policies: new Map() },
    { role: 'operator', name: 'evidence', named: true },
  );
  const snapshot = await desk.read(dealId, wanted);
  const round = await (wanted === undefined ? latestRound(client, dealId) : lookUpRound(client, dealId, wanted));
  if (!round) throw new Error(`deal ${dealId} is no longer known to Temporal`);
  const { workflowId, description } = round;
  const files = await openDocumentStore(store, s3);
  return {
    workflowId,
    runId: description.runId,
    snapshot,
    history: await entriesOfHistory(client, workflowId, description.runId),
    filed: (uri) => files.get(uri),
  };
}
