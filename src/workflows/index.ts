export { backfillFromCrm, takeFromCrm } from './intake.js';
export { ledger } from './ledger.js';
export { signDeal } from './sign-deal.js';
