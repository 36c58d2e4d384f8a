/** What this room writes to a log: pino's loggers are such. Nothing personal and no secret goes in. */
export interface Log {
  info(attributes: object, message: string): void;
  warn(attributes: object, message: string): void;
}

export const SILENT: Log = { info: () => undefined, warn: () => undefined };
