/**
 * Names that tie a deal to the outside. The workflow id comes from the deal id, the envelope's `external_id` from the
 * workflow id and the revision, the idempotency keys from those and the step: a retry of any step therefore meets
 * its own earlier try, whoever runs it.
 */

const DEAL_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,118}[A-Za-z0-9])?$/;

/** Deal ids show in URLs, logs and Temporal's UI, so they are opaque record ids: no addresses, spaces or slashes. */
export function isDealId(value: string): boolean {
  return DEAL_ID.test(value);
}

/** Of the workflows, those of deals alone begin so. */
export const DEAL_ID_PREFIX = 'deal-';

export function workflowIdOf(dealId: string, round = 1): string {
  return `${DEAL_ID_PREFIX}${dealId}${round === 1 ? '' : `-${round}`}`;
}

/** `metadata.external_id` of the envelope of one revision of a deal: what a lost envelope is found by. */
export function externalIdOf(workflowId: string, revision: number): string {
  return `${workflowId}/r${revision}`;
}

/** The deal's workflow from an envelope's `external_id`; undefined when the envelope was not made here. */
export function readExternalId(externalId: string): { workflowId: string; revision: number } | undefined {
  const match = /^(deal-.+)\/r(\d{1,6})$/.exec(externalId);
  return match?.[1] && match[2] ? { workflowId: match[1], revision: Number(match[2]) } : undefined;
}

export type KeyedStep = 'create' | 'send' | 'template-send' | 'void' | 'remind';

/**
 * Idempotency key of a step. `turn` counts the refusals the step has met: Atlas may replay a stored refusal, so a
 * repeat after one needs a new key, while a repeat after silence keeps the old one.
 */
export function idempotencyKeyOf(workflowId: string, revision: number, step: KeyedStep, turn: number): string {
  return `${workflowId}/r${revision}/${step}/${turn}`;
}
