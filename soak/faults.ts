/** What goes wrong at Atlas: every kind of fault that its sandbox knows, as often as its share says. */
import type { FaultRule } from './atlas-desk.js';

const CALL: Omit<FaultRule, 'share'>[] = [
  { kind: 'latency', ms: 900 },
  { kind: 'error' },
  { kind: 'rate-limit' },
  { kind: 'html' },
  { kind: 'drop-before' },
  { kind: 'drop-after' },
  { kind: 'error-after' },
];
const DOWNLOAD: Omit<FaultRule, 'share'>[] = [
  { kind: 'expired-link' },
  { kind: 'truncated-pdf', content_length: 'cut' },
  { kind: 'truncated-pdf', content_length: 'full' },
  { kind: 'empty-pdf' },
];
const WEBHOOK: Omit<FaultRule, 'share'>[] = [
  { kind: 'webhook-drop' },
  { kind: 'webhook-duplicate' },
  { kind: 'webhook-delay', ms: 3000 },
  { kind: 'webhook-reorder', ms: 3000 },
  { kind: 'webhook-old-key' },
];

/** Rules by which `share` of the calls, of the downloads and of the webhooks meet a fault, the kinds of each equally often. */
export function faultRules(share: number): FaultRule[] {
  if (share === 0) return [];
  return [CALL, DOWNLOAD, WEBHOOK].flatMap((kinds) => {
    // Rules strike independently of each other, and each must spare a call for it to go well.
    const each = 1 - (1 - share) ** (1 / kinds.length);
    return kinds.map((rule) => ({ ...rule, share: each }));
  });
}
