export { docusignMonitorSync, docusignUserSync } from './feeds.js';
export { backfillFromCrm, takeFromCrm } from './intake.js';
export { ledger } from './ledger.js';
export { shadowDraft } from './shadow.js';
export { signDeal } from './sign-deal.js';
