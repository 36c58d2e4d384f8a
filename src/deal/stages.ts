/** The stages of a deal, in the order of the story. Public names: dashboards and CRMs rely on them. */
export const OPEN_STAGES = ['preparing', 'detecting', 'in-review', 'sending', 'out-for-signature', 'filing'] as const;
export const FINAL_STAGES = ['completed', 'declined', 'voided', 'expired', 'cancelled'] as const;

export type OpenStage = (typeof OPEN_STAGES)[number];
export type FinalStage = (typeof FINAL_STAGES)[number];
export type Stage = OpenStage | FinalStage;

export function isFinal(stage: Stage): stage is FinalStage {
  return (FINAL_STAGES as readonly string[]).includes(stage);
}
