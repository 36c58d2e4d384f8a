import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { AtlasSandbox } from './an-atlas-sandbox.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles the sandbox alone into a folder of its own, below node_modules so that it finds its packages. Returns the entry file. */
export function compileSandbox(): { entry: string; remove: () => void } {
  const cache = join(ROOT, 'node_modules/.cache/countersign');
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, 'sandbox-'));
  const below = readdirSync(join(ROOT, 'src/sandbox'), { recursive: true, encoding: 'utf8' });
  const sources = below.filter((file) => file.endsWith('.ts'));
  const files = ['sandbox.ts', ...sources.map((file) => join('sandbox', file))];
  for (const file of files) {
    const source = readFileSync(join(ROOT, 'src', file), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const target = join(out, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  return { entry: join(out, 'sandbox.js'), remove: () => rmSync(out, { recursive: true, force: true }) };
}

export interface SandboxProcess {
  atlas: AtlasSandbox;
  child: ChildProcess;
  /** Ends it without warning, and resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the sandbox as `node dist/sandbox.js` would, and waits for the line with its URLs. */
export async function startProcess(entry: string, env: Record<string, string>): Promise<SandboxProcess> {
  const child = run(entry, { SANDBOX_PORT: '0', SANDBOX_BUCKET_PORT: '0', ...env });
  const exited = once(child, 'exit');
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  onTestFinished(async () => void (await kill()));
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (output.includes('\n')) break;
  }
  const { url, bucketUrl } = JSON.parse(output.split('\n')[0] ?? '') as { url: string; bucketUrl: string };
  const stop = async (): Promise<void> => void (await kill('SIGTERM'));
  return { atlas: new AtlasSandbox({ url, bucketUrl, stop }), child, kill };
}

/** Starts it where it is expected to refuse; resolves to its exit code and what it said. */
export async function refusedStart(
  entry: string,
  env: Record<string, string>,
): Promise<{ code: number; said: string }> {
  const child = run(entry, env);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  onTestFinished(() => void child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

function run(entry: string, env: Record<string, string>): ChildProcess {
  const path = process.env['PATH'] ?? '';
  return spawn(process.execPath, [entry], { env: { PATH: path, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

export function aDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
