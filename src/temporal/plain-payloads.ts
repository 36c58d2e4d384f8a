import type { PayloadKey } from './encryption.js';

/** Tells whoever keeps the process running that Temporal's database can be read. */
export function warnOfPlainPayloads(keys: readonly PayloadKey[] = [], log: { warn: (message: string) => void }): void {
  if (keys.length > 0) return;
  log.warn(
    'PAYLOAD_KEYS is not set: whoever reads the database or the UI of Temporal reads the names, e-mail addresses and links of deals',
  );
}
