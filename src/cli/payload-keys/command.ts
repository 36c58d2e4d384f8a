import type { Command } from 'commander';
import { readPayloadKeySettings, type Environment } from '../../config.js';
import { openTemporal } from '../../temporal/connection.js';
import { addCommand, answer } from '../program.js';
import { barOn } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { rotationReport, tellRotation } from './report.js';
import { usageOf } from './usage.js';

/** `countersign keys rotate-check`: whether a key may be taken out of `PAYLOAD_KEYS`. */
export function addKeysCommands(program: Command, env: Environment, terminal: Terminal): void {
  const keys = program.command('keys').description('the keys that Temporal’s payloads are encrypted with');
  addCommand(keys, 'rotate-check', 'say which open deals still need an old key').action((options: { json?: true }) =>
    answer(
      options,
      async () => {
        const { temporal, taskQueue } = readPayloadKeySettings(env);
        const client = openTemporal(temporal);
        try {
          const progress = (all: number) => {
            const bar = barOn(terminal.screen, all);
            return (done: number) => (done < all ? bar.show(done) : bar.clear());
          };
          const usage = await usageOf(client, { namespace: temporal.namespace, taskQueue, progress });
          const report = rotationReport(usage, temporal.payloadKeys ?? []);
          return { ok: report.ok, json: report, text: tellRotation(report) };
        } finally {
          await client.connection.close();
        }
      },
      terminal,
    ),
  );
}
