/** Logs of every process: JSON lines by pino, Temporal's own among them. Nothing personal goes in: callers log ids, counts and stages. */
import type { Logger as TemporalLogger, LogLevel } from '@temporalio/worker';
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

export function createLogger(name: string): Logger {
  return pino({
    name,
    level: process.env.LOG_LEVEL ?? 'info',
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Hands what Temporal's runtime, workflows and activities log to `logger`, each line with its attributes. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta: Record<string | symbol, unknown> = {}): void => {
    // A task that cannot be begun is logged with its payloads.
    const { error, task: _task, taskEncoded: _taskEncoded, ...attributes } = meta;
    logger[LEVELS[level]]({ ...attributes, ...(error !== undefined && { err: error }) }, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
