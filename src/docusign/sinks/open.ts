/** The sink that the settings name. */
import type { FeedSink } from '../rows.js';
import type { SinkSettings } from '../settings.js';
import type { SinkDatabase } from './database.js';
import type { Log } from '../log.js';

export interface SinkParts {
  /** Of this machine: what a log collector was given is remembered there. */
  folder: string;
  /** Opens the database of the deals; called by a `postgres` sink only, at its first use. What its error says is told on. */
  database: () => Promise<SinkDatabase>;
  log: Log;
}

/** Touches nothing yet: what stands in the way shows at `check` and at the first delivery. Throws `SinkError` for an address that is none. */
export async function openSink(settings: SinkSettings, { folder, database, log }: SinkParts): Promise<FeedSink> {
  switch (settings.kind) {
    case 'postgres': {
      const { createPostgresSink } = await import('./postgres.js');
      return createPostgresSink(database, log);
    }
    case 'file': {
      const { createFileSink } = await import('./file.js');
      return createFileSink(settings.path, log);
    }
    case 'http': {
      const { createHttpSink } = await import('./http.js');
      return createHttpSink({ url: settings.url, token: settings.token, folder, log });
    }
  }
}
