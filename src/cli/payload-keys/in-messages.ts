/** Which keys the payloads of a message of Temporal's API are encrypted with, wherever in it they are. */
import type { Payload } from '@temporalio/common';
import { keyIdOf } from '../../temporal/encryption.js';

/** Stands for payloads in clear. */
export const PLAIN = null;

/** Never encrypted, by any client: Temporal itself reads them. */
const ALWAYS_PLAIN = ['searchAttributes', 'header'];

/** Adds the key ids found in `message` to `found`, and `PLAIN` when a payload is in clear. */
export function collectKeyIds(message: unknown, found: Set<string | typeof PLAIN>): void {
  if (typeof message !== 'object' || message === null || message instanceof Uint8Array) return;
  if (isPayload(message)) {
    found.add(keyIdOf(message));
    return;
  }
  for (const [name, part] of Object.entries(message as Record<string, unknown>)) {
    if (ALWAYS_PLAIN.includes(name)) continue;
    // The worker's own bookkeeping of a local activity: its name and times.
    const own = name === 'markerRecordedEventAttributes' && typeof part === 'object' && part !== null;
    collectKeyIds(own ? withoutBookkeeping(part) : part, found);
  }
}

function isPayload(message: object): message is Payload {
  if (!('metadata' in message) || typeof message.metadata !== 'object' || message.metadata === null) return false;
  return 'encoding' in message.metadata && message.metadata.encoding instanceof Uint8Array;
}

function withoutBookkeeping(marker: object): object {
  if (!('details' in marker) || typeof marker.details !== 'object') return marker;
  return { ...marker, details: { ...marker.details, data: undefined } };
}
