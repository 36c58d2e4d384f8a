export const TASK_QUEUE = 'plain-deals';

export interface Party {
  email: string;
  name: string;
  role: string;
  order: number;
}

export interface Deal {
  dealId: string;
  /** Path of the contract's PDF. */
  document: string;
  parties: Party[];
}
