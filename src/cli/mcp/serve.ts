import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { readCliSettings, type Environment } from '../../config.js';
import { createAssistantServer } from '../../gateway/mcp/server.js';
import { wordsOf } from '../check.js';
import { createBridge } from './gateway-bridge.js';
import { temporalDesk } from './temporal-desk.js';

/** No call of an assistant's is longer. */
const LONGEST_MESSAGE = 4 * 1024 * 1024;

interface Served {
  connect(transport: Transport): Promise<void>;
  close(): Promise<void>;
}

/** Until the client closes the standard input, or the process is told to stop. Throws `SettingsError`. */
export async function serveOverStdio(env: Environment): Promise<void> {
  const stopping = new AbortController();
  const { server, close } = serverFor(env, stopping.signal);
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.connect(new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: LONGEST_MESSAGE }));
  await ended;
  stopping.abort();
  await server.close();
  await close();
}

function serverFor(env: Environment, stopping: AbortSignal): { server: Served; close: () => Promise<void> } {
  const settings = readCliSettings(env);
  if (settings.kind === 'gateway') return createBridge(settings);
  const { desk, close } = temporalDesk(settings, env);
  const unforeseen = (error: unknown): void => void process.stderr.write(`A tool failed: ${wordsOf(error)}\n`);
  return { server: createAssistantServer(desk, { stopping, unforeseen }), close };
}
