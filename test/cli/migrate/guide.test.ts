/** The guide's commands, as they stand there, one after the other, each a process against stand-ins. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileSink } from '../../../src/docusign/sinks/file.js';
import { startDocusignSandbox, type DocusignSandbox } from '../../../src/sandbox/docusign/server.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/server.js';
import { startDevServer, type StartedDevServer } from '../../support/temporal-servers.js';
import { OLD_KEY, OUR_KEY } from './a-migration.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const REDIRECT = 'https://countersign.example.com/';

/** Those that end with code 1 here, and why: everything else must end with 0. */
const NOT_YET: Record<string, RegExp> = {
  'countersign doctor': /No worker|problem/i,
  'countersign docusign go-live': /Not ready yet/,
  'countersign migrate revoke-check': /should not be revoked yet/,
};

let page: string;
let home: string;
let temporal: StartedDevServer;
let docusign: DocusignSandbox;
let atlas: Sandbox;
let env: Record<string, string>;
beforeAll(async () => {
  page = await readFile(join(ROOT, 'docs/migrate-from-docusign.md'), 'utf8');
  home = await mkdtemp(join(tmpdir(), 'countersign-guide-'));
  temporal = await startDevServer();
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = { format: 'pem' } as const;
  docusign = await startDocusignSandbox({
    integrationKeys: [
      {
        key: OUR_KEY,
        publicKeys: [String(pair.publicKey.export({ type: 'spki', ...pem }))],
        redirectUris: [REDIRECT],
      },
    ],
  });
  atlas = await startSandbox({ keys: [{ key: 'atlas-key', organisation: 'test' }] });
  env = {
    TEMPORAL_ADDRESS: temporal.address,
    ATLAS_BASE_URL: atlas.url,
    ATLAS_API_KEY: 'atlas-key',
    ...{ CRM: 'http', CRM_URL: 'http://127.0.0.1:9/', CRM_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
    DOCUMENT_TYPES: join(home, 'document-types.json'),
    DOCUSIGN_INTEGRATION_KEY: OUR_KEY,
    DOCUSIGN_USER_ID: docusign.users[0]?.userId ?? '',
    DOCUSIGN_PRIVATE_KEY: String(pair.privateKey.export({ type: 'pkcs8', ...pem })),
    DOCUSIGN_REDIRECT_URL: REDIRECT,
    DOCUSIGN_FEEDS: 'customer-events',
    DOCUSIGN_AUTH_URL: docusign.url,
    DOCUSIGN_MONITOR_URL: docusign.url,
    DOCUSIGN_ADMIN_URL: docusign.url,
    DOCUSIGN_ESIGN_URL: docusign.url,
    DOCUSIGN_SINK: `file:${join(home, 'events.ndjson')}`,
    OLD_KEY,
  };
  const [types = ''] = blocks('json');
  await writeFile(env.DOCUMENT_TYPES ?? '', types);
  await someEvents();
});
afterAll(async () => {
  await Promise.all([temporal.stop(), docusign.stop(), atlas.stop()]);
  await rm(home, { recursive: true, force: true });
});

async function someEvents(): Promise<void> {
  const sink = createFileSink(join(home, 'events.ndjson'), { info: () => undefined, warn: () => undefined });
  const common = { source_log_type: 'customerevent', vendor: 'docusign', product: 'docusign' } as const;
  const _time = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
  const row = { ...common, _time, object: 'Envelope', action: 'Sent', integratorKey: OLD_KEY };
  await sink.deliver('customer-events', [{ key: 'event-1', row }]);
  await sink.close();
}

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, code]) => code ?? '');
}

interface Ran {
  code: number | null;
  out: string;
}

/** As a shell would, with `countersign` and `npm run setup` as what is built here. */
async function shell(line: string): Promise<Ran> {
  const built = (name: string): string => `"${process.execPath}" "${join(ROOT, 'dist', name)}"`;
  const command = line.replace(/^countersign\b/, built('cli.js')).replace(/^npm run setup$/, built('setup.js'));
  const child = spawn('sh', ['-c', command], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out: out + err };
}

/** What only looks may be looked at side by side; what changes something has its turn alone. */
function turns(lines: readonly string[]): string[][] {
  const changes = (line: string): boolean =>
    /^npm run setup| rollback | ramp /.test(line) && !line.includes('--dry-run');
  return lines.reduce<string[][]>((all, line) => {
    const last = all.at(-1);
    if (last && !changes(line) && !last.some(changes)) last.push(line);
    else all.push([line]);
    return all;
  }, []);
}

async function runs(line: string): Promise<void> {
  const { code, out } = await shell(line);
  const [, expected] = Object.entries(NOT_YET).find(([command]) => line.startsWith(command)) ?? [];
  const due = expected ? 1 : 0;
  expect({ line, code, out: code === due ? '' : out }).toEqual({ line, code: due, out: '' });
  if (expected) expect(out, line).toMatch(expected);
  expect(out, line).not.toMatch(/PRIVATE KEY|Bearer|atlas-key/);
}

describe('the guide off DocuSign', () => {
  it('leads from the first login to the revoked key by commands that work', async () => {
    const lines = blocks('sh').flatMap((code) => code.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(10);
    for (const turn of turns(lines)) await Promise.all(turn.map(runs));
    const types = JSON.parse(await readFile(env.DOCUMENT_TYPES ?? '', 'utf8')) as Record<string, { provider: unknown }>;
    expect(types['order-form']?.provider).toEqual({ atlas: 100, docusign: 0 });
  }, 120_000);
});
