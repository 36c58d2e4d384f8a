export { ledger } from './ledger.js';
export { signDeal } from './sign-deal.js';
