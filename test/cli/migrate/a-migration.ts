/** The commands on the move, at a terminal on paper, and a Temporal that holds runs which ended as a test says. */
import type { Environment } from '../../../src/config.js';
import { createProgram, run } from '../../../src/cli/program.js';
import { addMigrateCommands } from '../../../src/cli/migrate/command.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { Client, Connection } from '@temporalio/client';

export interface Ran {
  code: number | undefined;
  out: string;
  err: string;
  json: () => Record<string, unknown>;
}

export async function migrating(args: string[], env: Environment): Promise<Ran> {
  const ran: Ran = { code: undefined, out: '', err: '', json: () => JSON.parse(ran.out) as Record<string, unknown> };
  const terminal: Terminal = {
    out: (text) => void (ran.out += text),
    err: (text) => void (ran.err += text),
    exitCode: (code) => void (ran.code = code),
    columns: null,
    screen: { isTTY: false, write: () => true },
    input: async () => '',
    ask: async () => null,
    interruption: () => ({ signal: new AbortController().signal, release: () => undefined }),
  };
  const program = createProgram().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  addMigrateCommands(program, env, terminal);
  await run(program, ['node', 'countersign', 'migrate', ...args], terminal);
  return ran;
}

export const OUR_KEY = '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f';
export const OLD_KEY = '11111111-2222-4333-8444-555555555555';

const keyword = (name: string, value: string): SearchAttributePair => ({
  key: defineSearchAttributeKey(name, 'KEYWORD'),
  value,
});

export interface Past {
  client: Client;
  /** A run that is open. */
  open(workflowType: string, workflowId: string, attributes?: Record<string, string>): Promise<void>;
  /** A run that has ended with this result. */
  ended(
    workflowType: string,
    workflowId: string,
    result: unknown,
    attributes?: Record<string, string>,
    taskQueue?: string,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Ends runs by hand, as a worker would. */
export async function aPast(address: string): Promise<Past> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  let runs = 0;
  const start = async (
    type: string,
    workflowId: string,
    attributes: Record<string, string>,
    taskQueue = `past-${++runs}`,
  ) => {
    await client.workflow.start(type, {
      workflowId,
      taskQueue,
      args: [],
      typedSearchAttributes: Object.entries(attributes).map(([name, value]) => keyword(name, value)),
    });
    return taskQueue;
  };
  return {
    client,
    open: async (type, workflowId, attributes = {}) => void (await start(type, workflowId, attributes)),
    async ended(type, workflowId, result, attributes = {}, queue = undefined) {
      const taskQueue = await start(type, workflowId, attributes, queue);
      const { taskToken } = await connection.withDeadline(Date.now() + 20_000, () =>
        client.workflowService.pollWorkflowTaskQueue({
          namespace: 'default',
          taskQueue: { name: taskQueue },
          identity: 'test',
        }),
      );
      const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(result)) };
      const COMPLETE = 4;
      await client.workflowService.respondWorkflowTaskCompleted({
        namespace: 'default',
        taskToken,
        identity: 'test',
        commands: [
          {
            commandType: COMPLETE,
            completeWorkflowExecutionCommandAttributes: { result: { payloads: [payload] } },
          },
        ],
      });
    },
    close: () => connection.close(),
  };
}
