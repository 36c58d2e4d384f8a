/** The e-sign providers that report events here: how each signs them and what they say. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Read } from '../deal/messages.js';
import type { ProviderName } from '../deal/policy.js';
import { readAtlasEvent, verifyAtlasSignature } from '../signing/atlas/webhook.js';
import { readConnectEvent, STILL_EVENTS, verifyConnectSignature } from '../signing/docusign/webhook.js';

export interface WebhookSender {
  provider: ProviderName;
  /** Over the bytes as they came. */
  isSigned(body: Buffer, headers: IncomingHttpHeaders): boolean;
  /** For the answer to a signature that fits no key: what to look at. */
  advice: string;
  read(body: Buffer): Read<SentEvent>;
  /** Known events that move no deal. Names nobody knows are acknowledged too, but not each counted by itself. */
  stillEvents: readonly string[];
}

export interface SentEvent {
  /** As deals know it, or the provider's own name of one that moves no deal. */
  event: string;
  /** Absent only where the event moves no deal. */
  envelopeId?: string;
  externalId?: string;
  /** The same for an event that is sent again. */
  deliveryId: string;
}

/** `keys` are accepted, today's first. */
export function atlasSender(keys: readonly string[]): WebhookSender {
  return {
    provider: 'atlas',
    isSigned(body, headers) {
      const signature = headers['x-atlas-signature'];
      return verifyAtlasSignature(body, typeof signature === 'string' ? signature : undefined, keys);
    },
    advice:
      'X-Atlas-Signature does not fit these bytes under any configured key. If the API key was changed, put the old one in ATLAS_PREVIOUS_API_KEYS.',
    read(body) {
      const { value, problem } = readAtlasEvent(body);
      if (problem !== undefined) return { problem };
      return { value: { ...value, deliveryId: createHash('sha256').update(body).digest('hex').slice(0, 32) } };
    },
    // Atlas notes 11.1.
    stillEvents: ['envelope.created', 'envelope.viewed', 'contract.extracted'],
  };
}

export function docusignSender(keys: readonly string[]): WebhookSender {
  return {
    provider: 'docusign',
    isSigned: (body, headers) => verifyConnectSignature(body, headers, keys),
    advice:
      'No X-DocuSign-Signature fits these bytes under any configured key. Put the HMAC keys of the account’s Connect in DOCUSIGN_CONNECT_KEYS, the new one and the old one while they are replaced.',
    read: readConnectEvent,
    stillEvents: STILL_EVENTS,
  };
}
