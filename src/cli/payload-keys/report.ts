/** What `countersign keys rotate-check` says. */
import { keysInUse, type PayloadKey } from '../../temporal/encryption.js';
import { PLAIN } from './in-messages.js';
import type { KeyUsage } from './usage.js';

export interface RotationReport {
  /** False when something open needs another key than the one in use. */
  ok: boolean;
  /** How many open workflows and schedules were looked at. */
  asked: number;
  keys: KeyLine[];
  /** Open ones with payloads in clear, and ended deals that began so. */
  plain: { open: number; examples: string[]; ended: number };
}

export interface KeyLine {
  keyId: string;
  /** `in-use`: the first of PAYLOAD_KEYS, or of a tenant. `old`: it stands behind. `missing`: it is not there. */
  place: 'in-use' | 'old' | 'missing';
  /** How many open workflows and schedules cannot go on without it. */
  open: number;
  examples: string[];
  /** Ended deals that Temporal still keeps and that began with it. */
  ended: number;
}

const SHOWN = 10;

/** `payloadKeys`: the keys of PAYLOAD_KEYS and TENANT_PAYLOAD_KEYS, in their order. */
export function rotationReport({ open, asked, ended }: KeyUsage, payloadKeys: readonly PayloadKey[]): RotationReport {
  const configured = payloadKeys.map(({ id }) => id);
  const inUse = new Set([...keysInUse(payloadKeys).values()].map(({ id }) => id));
  const seen = [...open.keys(), ...ended.keys()].filter((keyId) => keyId !== PLAIN);
  const keys = [...new Set([...configured, ...seen])].map((keyId): KeyLine => {
    const place = inUse.has(keyId) ? 'in-use' : configured.includes(keyId) ? 'old' : 'missing';
    return { keyId, place, ...group(open.get(keyId)), ended: ended.get(keyId) ?? 0 };
  });
  return {
    ok: keys.every(({ place, open: needing }) => place === 'in-use' || needing === 0),
    ...{ asked, keys },
    plain: { ...group(open.get(PLAIN)), ended: ended.get(PLAIN) ?? 0 },
  };
}

export function tellRotation({ asked, keys, plain }: RotationReport): string {
  const lines = [`${asked} open workflows and schedules were looked at.`, ...keys.map(told)];
  if (plain.open > 0 || plain.ended > 0) {
    lines.push(`in clear: ${counts(plain)} from before there were keys${examples(plain)}`);
  }
  return `${lines.join('\n')}\n`;
}

function told(line: KeyLine): string {
  const { keyId, place, open, ended } = line;
  const what = `key ${keyId}: ${counts(line)}`;
  if (place === 'in-use') return `${what}; in use`;
  const readable = ended > 0 ? `; the ended ones can then no longer be shown or exported` : '';
  if (place === 'missing') {
    return open > 0
      ? `${what}; MISSING, put it back into PAYLOAD_KEYS: they stand still without it${examples(line)}`
      : `${what}; not in PAYLOAD_KEYS`;
  }
  return open > 0
    ? `${what}; keep it in PAYLOAD_KEYS until they have ended${examples(line)}`
    : `${what}; may be removed from PAYLOAD_KEYS${readable}`;
}

function group(workflows: readonly string[] = []): { open: number; examples: string[] } {
  return { open: workflows.length, examples: workflows.toSorted().slice(0, SHOWN) };
}

function counts({ open, ended }: { open: number; ended: number }): string {
  return `${open} open${ended > 0 ? `, ${ended} ended` : ''}`;
}

function examples({ open, examples: shown }: { open: number; examples: readonly string[] }): string {
  if (shown.length === 0) return '';
  return `: ${shown.join(', ')}${open > shown.length ? ` and ${open - shown.length} more` : ''}`;
}
