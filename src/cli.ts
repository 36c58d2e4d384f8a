#!/usr/bin/env node
/** `countersign …`: the commands for whoever keeps Countersign running. They are written in src/cli/ and wired here. */
import { Option } from 'commander';
import { atlasApiChecks } from './cli/atlas-api-check.js';
import { atlasCheck } from './cli/atlas-check.js';
import { probe, type Probe } from './cli/check.js';
import { addDealCommands } from './cli/deals/commands.js';
import { wayByEnvironment } from './cli/deals/way.js';
import { examine, type DoctorParts } from './cli/doctor.js';
import { docusignChecks } from './cli/docusign/checks.js';
import { addDocusignCommands } from './cli/docusign/command.js';
import { readableFolder } from './cli/folder-check.js';
import { addMcpCommand } from './cli/mcp/command.js';
import { addEvidenceCommands } from './cli/evidence/command.js';
import { addMigrateCommands } from './cli/migrate/command.js';
import { addReportCommand } from './cli/pilot/command.js';
import { addKeysCommands } from './cli/payload-keys/command.js';
import { addCommand, answer, createProgram, run } from './cli/program.js';
import { progressOn } from './cli/progress.js';
import { readable } from './cli/report.js';
import { publicUrlChecks } from './cli/public-url-check.js';
import { publicUrlCheck, type ReadSettings } from './cli/settings-checks.js';
import { endWithReader, thisTerminal } from './cli/terminal.js';
import * as config from './config.js';
import type { ConfiguredCrm } from './crm/driver.js';
import { openDocumentStore } from './documents/store.js';
import { examineOidc } from './gateway/oidc-examination.js';
import { apiKeyIdOf } from './signing/atlas/api-key-id.js';
import { createAtlasClient } from './signing/atlas/client.js';
import { openTemporal } from './temporal/connection.js';

type ProcessName = ReadSettings['process'];

const program = createProgram();

addCommand(program, 'doctor', 'check every setting and connection, and say how to mend what is wrong')
  .addOption(
    new Option('--only <process>', 'what one process needs, in its own environment').choices(['worker', 'gateway']),
  )
  .action((options: { json?: true; only?: ProcessName }) =>
    answer(options, async () => {
      const { parts, close } = doctorParts(process.env, options.only);
      try {
        const report = await examine(parts, { progress: progressOn(process.stderr, 'open deals asked') });
        return { ok: report.ok, json: report, text: readable(report) };
      } finally {
        await close();
      }
    }),
  );

const terminal = thisTerminal();
endWithReader();
addMcpCommand(program, process.env);
const world = { open: wayByEnvironment(process.env), terminal };
addDealCommands(program, world, () => config.readCrmSettings(process.env));
addReportCommand(program, world);
addEvidenceCommands(program, process.env, terminal);
addDocusignCommands(program, process.env, terminal);
addMigrateCommands(program, process.env, terminal);
addKeysCommands(program, process.env, terminal);

await run(program, process.argv, terminal);

/** All that can be looked at with the settings as they are. */
function doctorParts(env: config.Environment, only?: ProcessName): { parts: DoctorParts; close: () => Promise<void> } {
  const worker = only === 'gateway' ? undefined : read('worker', () => config.readWorkerSettings(env));
  const gateway = only === 'worker' ? undefined : read('gateway', () => config.readGatewaySettings(env));
  // It needs the least, so Temporal and the CRM can be looked at while other settings are wrong.
  const setup = readOrNothing(() => config.readSetupSettings(env)).value;

  const connection = worker?.value?.temporal ?? gateway?.value?.temporal ?? setup?.temporal;
  const temporal = connection && openTemporal(connection);
  const account = worker?.value?.atlas ?? gateway?.value?.atlas;
  const options = account && { ...account, timeouts: { connectMs: 5_000, callMs: 10_000 } };
  const atlas = options && createAtlasClient(options);
  const crm = only === 'gateway' ? undefined : (worker?.value?.crm ?? setup?.crm);
  const [today, ...previous] = gateway?.value?.atlasKeys ?? [];

  const probes: Probe[] = [];
  if (crm) probes.push(crmProbe(crm));
  if (worker?.value) probes.push(...workerProbes(worker.value, env.NODE_ENV === 'production'));
  const docusign = worker?.value?.docusign ?? gateway?.value?.docusign;
  if (docusign) probes.push(() => docusignChecks(docusign));
  if (gateway?.value?.oidc) probes.push(oidcProbe(gateway.value.oidc));
  if (atlas)
    probes.push(
      async () => [await atlasCheck(atlas, account.baseUrl)],
      async () => atlasApiChecks(options),
    );

  return {
    parts: {
      settings: [worker, gateway].filter((settings) => settings !== undefined),
      probes,
      ...(temporal && {
        temporal: {
          temporal,
          address: connection.connectionOptions.address ?? 'localhost:7233',
          namespace: connection.namespace,
          taskQueue: worker?.value?.taskQueue ?? gateway?.value?.taskQueue,
          payloadKeyIds: (connection.payloadKeys ?? []).map(({ id }) => id),
        },
      }),
      ...(today !== undefined && { keyRing: { current: apiKeyIdOf(today), previous: previous.map(apiKeyIdOf) } }),
    },
    close: async () => void (await Promise.allSettled([temporal?.connection.close(), atlas?.close()])),
  };
}

function read<T>(process: ProcessName, reader: () => T): ReadSettings & { value: T | undefined } {
  return { process, ...readOrNothing(reader) };
}

function readOrNothing<T>(reader: () => T): { value: T | undefined; problems: readonly string[] } {
  try {
    return { value: reader(), problems: [] };
  } catch (error) {
    if (error instanceof config.SettingsError) return { value: undefined, problems: error.problems };
    throw error;
  }
}

function crmProbe(crm: ConfiguredCrm): Probe {
  return probe('CRM', () => crm.examine(), crm.remedy);
}

function oidcProbe(oidc: config.OidcSettings): Probe {
  return probe(
    'OIDC_ISSUER',
    () => examineOidc(oidc),
    'Check OIDC_ISSUER (exactly as the provider writes it, with or without a slash at the end), the network, HTTPS_PROXY and NO_PROXY.',
  );
}

function workerProbes({ documents, publicUrl }: config.WorkerSettings, production: boolean): Probe[] {
  const webhookUrl = `${publicUrl}/webhooks/atlas`;
  const { root, store, s3 } = documents;
  return [
    probe(
      'DOCUMENT_STORE',
      async () => {
        await (await openDocumentStore(store, s3)).check();
        return `signed PDFs can be filed in ${store.kind === 'file' ? store.folder : `s3://${store.bucket}/${store.prefix}`}`;
      },
      store.kind === 'file'
        ? 'Check the folder that DOCUMENT_STORE names, its permissions and its disk.'
        : 'Check the bucket that DOCUMENT_STORE names, S3_ENDPOINT, AWS_REGION and the credentials’ rights to read and write there.',
    ),
    probe(
      'DOCUMENT_ROOT',
      () => readableFolder(root),
      'Make the folder, or set DOCUMENT_ROOT to the one below which the file: documents of deals lie.',
    ),
    async () => [publicUrlCheck(webhookUrl, production)],
    () => publicUrlChecks(webhookUrl),
  ];
}
