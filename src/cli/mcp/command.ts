import type { Command } from 'commander';
import { SettingsError, type Environment } from '../../config.js';
import { wordsOf } from '../check.js';

/** `countersign mcp`: an MCP server on standard input and output, for an assistant that runs on this machine. */
export function addMcpCommand(program: Command, env: Environment): void {
  program
    .command('mcp')
    .description(
      'serve an assistant over MCP on standard input and output, through the gateway or straight at Temporal',
    )
    .action(async () => {
      try {
        // The other commands do not wait for what only this one needs.
        const { serveOverStdio } = await import('./serve.js');
        await serveOverStdio(env);
      } catch (error) {
        // Standard output is the client's: it hears nothing but the protocol.
        process.stderr.write(`${error instanceof SettingsError ? error.message : `Failed: ${wordsOf(error)}`}\n`);
        process.exitCode = 1;
      }
    });
}
